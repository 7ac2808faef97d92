#pragma once

#include <string>

#include "device/schedule.hpp"
#include "device/tensor.hpp"

namespace mapnet::cpu {

/// Adds the step sums [C] = sum over n, h, w of x [N, C, H, W], in an order that depends on the
/// shape alone: a bias's gradient.
void add_sum_channels(Schedule& schedule, const std::string& name, const ParamSlice& sums,
                      const Tensor& x);

}  // namespace mapnet::cpu
