#pragma once

#include <string>

#include "device/ops/conv2d.hpp"
#include "device/schedule.hpp"
#include "device/tensor.hpp"

namespace mapnet {

/// Transposed convolution with a square kernel as wide as its stride, so that outputs do not
/// overlap: each input pixel becomes a K x K patch (the up-sampling of a U-Net).
struct ConvTranspose2dDesc {
  int out_channels = 0;  ///< O
  int kernel = 2;        ///< K, also the stride
};

/// What a transposed convolution makes of x, in its layout and without a buffer. Throws Error when
/// there is no such kernel.
Tensor conv_transpose2d_shape(const std::string& name, const ConvTranspose2dDesc& desc,
                              const Tensor& x);

/// The convolution from y's shape back to x's that a transposed convolution is the adjoint of. Its
/// weights [out = C, in = O, K, K] are W as it lies, its backward pass is the forward pass here and
/// its forward pass is what takes dy to dx.
Conv2dDesc adjoint_conv2d(const ConvTranspose2dDesc& desc, const Tensor& x);

/// Adds the steps of y = conv_transpose(x, W) + b, as PyTorch defines it. x [N, C, H, W];
/// W [C, O, K, K] and b [O], which may be absent; returns y [N, O, K H, K W] in a new buffer, in
/// the layout of x. Throws Error as conv_transpose2d_shape does.
Tensor conv_transpose2d_forward(Schedule& schedule, const std::string& name,
                                const ConvTranspose2dDesc& desc, const Tensor& x,
                                const ParamSlice& weight, const ParamSlice& bias);

/// Adds the steps of the backward pass; dy in the layout of y. Sets dweight and, unless it
/// is absent, dbias. Returns dx, or a tensor without a buffer when `need_dx` is false.
Tensor conv_transpose2d_backward(Schedule& schedule, const std::string& name,
                                 const ConvTranspose2dDesc& desc, const Tensor& x, const Tensor& dy,
                                 const ParamSlice& weight, const ParamSlice& dweight,
                                 const ParamSlice& dbias, bool need_dx);

}  // namespace mapnet
