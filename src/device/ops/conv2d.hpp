#pragma once

#include <string>

#include "device/schedule.hpp"
#include "device/tensor.hpp"

namespace mapnet {

/// Convolution with a square kernel, optionally followed by ReLU.
struct Conv2dDesc {
  int out_channels = 0;  ///< O
  int kernel = 3;        ///< K
  int padding = 0;       ///< zeros on each side
  bool relu = false;     ///< y = max(0, conv(x)), in the same pass
  int stride = 1;        ///< S
};

/// What a convolution makes of x, and what each of its three passes takes.
struct Conv2dShape {
  Tensor y;                   ///< [N, O, H', W'], plain, without a buffer
  std::size_t n_weights = 0;  ///< O C K K
  double flops = 0;           ///< without the taps that fall on padding
};

/// Throws Error when the kernel does not fit the padded input, or the stride is below 1.
Conv2dShape conv2d_shape(const std::string& name, const Conv2dDesc& desc, const Tensor& x);

/// Adds the steps of y = conv(x, W) + b. x [N, C, H, W]; W [O, C, K, K] and b [O] at `weight` and
/// `bias`, which may be absent; returns y [N, O, (H + 2 padding - K) / S + 1, ...], rounded down,
/// in a new buffer, laid out as the device likes. Throws Error as conv2d_shape does.
Tensor conv2d_forward(Schedule& schedule, const std::string& name, const Conv2dDesc& desc,
                      const Tensor& x, const ParamSlice& weight, const ParamSlice& bias);

/// Adds the steps of the backward pass. dy: gradient of the convolution's own output (behind the
/// ReLU's, see relu_backward). Sets dweight and, unless it is absent, dbias. Returns dx, or a
/// tensor without a buffer when `need_dx` is false (the first layer).
Tensor conv2d_backward(Schedule& schedule, const std::string& name, const Conv2dDesc& desc,
                       const Tensor& x, const Tensor& dy, const ParamSlice& weight,
                       const ParamSlice& dweight, const ParamSlice& dbias, bool need_dx);

}  // namespace mapnet
