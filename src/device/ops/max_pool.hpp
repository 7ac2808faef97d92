#pragma once

#include <string>

#include "device/schedule.hpp"
#include "device/tensor.hpp"

namespace mapnet {

/// What max_pool_backward needs of the forward pass: the shape it pooled and where each maximum
/// was.
struct MaxPool {
  Tensor y;                     ///< [N, C, H / k, W / k], rounded down
  BufferId argmax = kNoBuffer;  ///< positions of the maxima
};

/// What a pooling makes of x, in its layout and without a buffer. Throws Error when the window does
/// not fit.
Tensor max_pool_shape(const std::string& name, int kernel, const Tensor& x);

/// Adds the step of y = max over k x k windows, stride k; rows and columns beyond the last whole
/// window are ignored. The first maximum of a window (row-major) wins ties. Keeps the layout of x.
MaxPool max_pool_forward(Schedule& schedule, const std::string& name, int kernel, const Tensor& x);

/// Adds the step of the backward pass; dy in the layout of y. Returns dx [shape of x].
Tensor max_pool_backward(Schedule& schedule, const std::string& name, int kernel, const Tensor& x,
                         const MaxPool& forward, const Tensor& dy);

}  // namespace mapnet
