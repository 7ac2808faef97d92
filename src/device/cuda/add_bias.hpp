#pragma once

#include <string>

#include "device/schedule.hpp"
#include "device/tensor.hpp"

namespace mapnet::cuda {

/// Adds the step y [N, C, H, W] += bias [C], unless that is absent, and y = max(0, y) with `relu`.
void add_bias(Schedule& schedule, const std::string& name, const Tensor& y, const ParamSlice& bias,
              bool relu);

}  // namespace mapnet::cuda
