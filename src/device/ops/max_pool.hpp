#pragma once

#include <string>

#include "device/schedule.hpp"
#include "device/tensor.hpp"

namespace mapnet {

/// Square windows, which may overlap. What pads x is never a maximum.
struct MaxPoolDesc {
  int kernel = 2;   ///< K
  int stride = 0;   ///< S; 0: as wide as the window
  int padding = 0;  ///< P rows and columns on each side, at most K / 2

  int step() const { return stride > 0 ? stride : kernel; }
};

/// What max_pool_backward needs of the forward pass: the shape it pooled and where each maximum
/// was.
struct MaxPool {
  Tensor y;                     ///< [N, C, (H + 2 P - K) / S + 1, ...], rounded down
  BufferId argmax = kNoBuffer;  ///< positions of the maxima
};

/// What a pooling makes of x, in its layout and without a buffer. Throws Error when the window does
/// not fit the padded input, or could lie in the padding alone.
Tensor max_pool_shape(const std::string& name, const MaxPoolDesc& desc, const Tensor& x);

/// Adds the step of y = max over windows; rows and columns beyond the last whole window are
/// ignored. The first maximum of a window (row-major) wins ties. Keeps the layout of x.
MaxPool max_pool_forward(Schedule& schedule, const std::string& name, const MaxPoolDesc& desc,
                         const Tensor& x);

/// Adds the step of the backward pass; dy in the layout of y. A value that is the maximum of
/// several windows gets the sum of their gradients. Returns dx [shape of x].
Tensor max_pool_backward(Schedule& schedule, const std::string& name, const MaxPoolDesc& desc,
                         const Tensor& x, const MaxPool& forward, const Tensor& dy);

}  // namespace mapnet
