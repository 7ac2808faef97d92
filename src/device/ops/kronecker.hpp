#pragma once

#include "device/ops/map.hpp"

/// What both twins of the Kronecker map agree on: u = sqrt(rows cols / latents) U Z V^T, a matrix
/// of theta at a time, so that z ~ N(0, 1) gives u ~ N(0, 1) on average as for every other map.
namespace mapnet {

/// The factor before U Z V^T.
float kronecker_scale(const KroneckerMatrix& matrix);

/// Adds the buffers of U and V of each matrix, its owner's to fill: U [rows, left], V [cols,
/// right].
void add_kronecker_factors(Schedule& schedule, const MapDesc& desc, MapState& state);

/// What both twins say of their steps: all but work of their own and how they are bound.
Step kronecker_forward_step(const MapDesc& desc, const MapState& state, BufferId z, BufferId theta,
                            BufferId kept_u);
Step kronecker_backward_step(const MapDesc& desc, const MapState& state, BufferId z,
                             BufferId dtheta, BufferId dz);

}  // namespace mapnet
