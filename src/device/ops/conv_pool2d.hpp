#pragma once

#include <string>

#include "device/ops/conv2d.hpp"

namespace mapnet {

/// A convolution whose output goes straight into a max-pooling, and is kept by nobody: the
/// pooling's backward pass needs only where the maxima were. A device may walk the batch in parts,
/// so that what lies between the two stays in its cache.
struct ConvPool2dDesc {
  Conv2dDesc conv;  ///< relu must be off: behind the pooling it is cheaper and gives the same
  int pool = 2;     ///< window and stride
};

/// Throws Error when the convolution has a ReLU of its own.
void check_conv_pool2d(const std::string& name, const ConvPool2dDesc& desc);

struct ConvPool2d {
  Tensor y;                     ///< [N, O, H' / pool, W' / pool], rounded down
  BufferId argmax = kNoBuffer;  ///< positions of the maxima, for the backward pass
};

/// Adds the steps of y = max_pool(conv(x, W) + b); shapes as conv2d_forward and max_pool_forward;
/// the bias may be absent.
ConvPool2d conv_pool2d_forward(Schedule& schedule, const std::string& name,
                               const ConvPool2dDesc& desc, const Tensor& x,
                               const ParamSlice& weight, const ParamSlice& bias);

/// Adds the steps of the backward pass; dy in the layout of y. Sets dweight and, unless it
/// is absent, dbias. Returns dx, or a tensor without a buffer when `need_dx` is false.
Tensor conv_pool2d_backward(Schedule& schedule, const std::string& name, const ConvPool2dDesc& desc,
                            const Tensor& x, const ConvPool2d& forward, const Tensor& dy,
                            const ParamSlice& weight, const ParamSlice& dweight,
                            const ParamSlice& dbias, bool need_dx);

}  // namespace mapnet
