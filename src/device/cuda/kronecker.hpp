#pragma once

#include "device/ops/map.hpp"

/// The steps of a Kronecker map: map_forward and map_backward of MapKind::kronecker.
namespace mapnet::cuda {

void kronecker_forward(Schedule& schedule, const MapDesc& desc, MapState& state, BufferId z,
                       BufferId theta, BufferId kept_u);
void kronecker_backward(Schedule& schedule, const MapDesc& desc, const MapState& state, BufferId z,
                        BufferId dtheta, BufferId dz);

}  // namespace mapnet::cuda
