#pragma once

#include <string>

#include "device/schedule.hpp"
#include "device/tensor.hpp"

namespace mapnet {

/// Adds the step y [N, C, 1, 1] = mean of x over H and W, in the layout of x: global average
/// pooling.
Tensor global_avg_pool_forward(Schedule& schedule, const std::string& name, const Tensor& x);

/// Adds the step dx = dy / (H W) everywhere; dy [N, C, 1, 1] in the layout of x. Returns dx [shape
/// of x].
Tensor global_avg_pool_backward(Schedule& schedule, const std::string& name, const Tensor& x,
                                const Tensor& dy);

}  // namespace mapnet
