#pragma once

#include <string>

#include "device/schedule.hpp"
#include "device/tensor.hpp"

namespace mapnet {

/// Transposed convolution with a square kernel as wide as its stride, so that outputs do not
/// overlap: each input pixel becomes a K x K patch (the up-sampling of a U-Net).
struct ConvTranspose2dDesc {
  int out_channels = 0;  ///< O
  int kernel = 2;        ///< K, also the stride
};

/// Adds the steps of y = conv_transpose(x, W) + b, as PyTorch defines it. x [N, C, H, W];
/// W [C, O, K, K] and b [O]; returns y [N, O, K H, K W] in a new buffer, laid out as the device
/// likes.
Tensor conv_transpose2d_forward(Schedule& schedule, const std::string& name,
                                const ConvTranspose2dDesc& desc, const Tensor& x,
                                const ParamSlice& weight, const ParamSlice& bias);

/// Adds the steps of the backward pass; dy in the layout of y. Sets dweight and dbias. Returns dx,
/// or a tensor without a buffer when `need_dx` is false.
Tensor conv_transpose2d_backward(Schedule& schedule, const std::string& name,
                                 const ConvTranspose2dDesc& desc, const Tensor& x, const Tensor& dy,
                                 const ParamSlice& weight, const ParamSlice& dweight,
                                 const ParamSlice& dbias, bool need_dx);

}  // namespace mapnet
