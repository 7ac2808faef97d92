#pragma once

#include <string>

#include "device/schedule.hpp"
#include "device/tensor.hpp"

namespace mapnet {

/// What global average pooling makes of x: [N, C, 1, 1] in its layout, without a buffer.
inline Tensor global_avg_pool_shape(const Tensor& x) {
  Tensor y;
  y.n = x.n;
  y.c = x.c;
  y.channel_block = x.channel_block;
  return y;
}

/// Adds the step y [N, C, 1, 1] = mean of x over H and W, in the layout of x: global average
/// pooling.
Tensor global_avg_pool_forward(Schedule& schedule, const std::string& name, const Tensor& x);

/// Adds the step dx = dy / (H W) everywhere; dy [N, C, 1, 1] in the layout of x. Returns dx [shape
/// of x].
Tensor global_avg_pool_backward(Schedule& schedule, const std::string& name, const Tensor& x,
                                const Tensor& dy);

}  // namespace mapnet
