#pragma once

#include <string>

#include "device/schedule.hpp"
#include "device/tensor.hpp"

namespace mapnet {

/// Square windows, `stride` apart.
struct MaxPoolDesc {
  int kernel = 2;   ///< k
  int stride = 0;   ///< s; 0: as far apart as they are wide
  int padding = 0;  ///< p, on each side, at most k / 2; never a maximum

  int step() const { return stride == 0 ? kernel : stride; }  ///< s, whatever `stride` says
};

/// What max_pool_backward needs of the forward pass: the shape it pooled and where each maximum
/// was.
struct MaxPool {
  Tensor y;                     ///< [N, C, (H + 2 p - k) / s + 1, ...], rounded down
  BufferId argmax = kNoBuffer;  ///< positions of the maxima
};

/// What a pooling makes of x, in its layout and without a buffer. Throws Error when the window does
/// not fit, or `desc` makes no sense.
Tensor max_pool_shape(const std::string& name, const MaxPoolDesc& desc, const Tensor& x);

/// Adds the step of y = max over k x k windows, as PyTorch's max_pool2d: rows and columns beyond
/// the last whole window are ignored. The first maximum of a window (row-major) wins ties. Keeps
/// the layout of x.
MaxPool max_pool_forward(Schedule& schedule, const std::string& name, const MaxPoolDesc& desc,
                         const Tensor& x);

/// Adds the step of the backward pass; dy in the layout of y. Returns dx [shape of x], the sum over
/// windows where they overlap, in an order that is always the same.
Tensor max_pool_backward(Schedule& schedule, const std::string& name, const MaxPoolDesc& desc,
                         const Tensor& x, const MaxPool& forward, const Tensor& dy);

}  // namespace mapnet
