#pragma once

#include <string>

#include "device/schedule.hpp"
#include "device/tensor.hpp"

namespace mapnet::cpu {

/// Adds the step y [N, C, H, W] += bias [C].
void add_bias(Schedule& schedule, const std::string& name, const Tensor& y, const ParamSlice& bias);

}  // namespace mapnet::cpu
