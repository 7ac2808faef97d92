#pragma once

#include <string>

#include "device/schedule.hpp"
#include "device/tensor.hpp"

namespace mapnet {

/// Fully connected layer, with or without a bias, optionally followed by ReLU.
struct LinearDesc {
  int out_features = 0;  ///< O
  bool relu = false;     ///< y = max(0, x W^T + b), in the same pass
};

/// A layer's product: N, I, O, and what one pass of it takes.
struct LinearShape {
  int n, inputs, outputs;
  double flops, bytes;
};

/// Throws Error when x is not plain.
LinearShape linear_shape(const std::string& name, const LinearDesc& desc, const Tensor& x);

/// Adds the step of y = x W^T + b. x [N, C, H, W] plain (see relayout.hpp), read as [N, I] with
/// I = C H W; W [O, I] at `weight`, b [O] at `bias`, or none where `bias` has no buffer. Returns y
/// [N, O, 1, 1] plain.
Tensor linear_forward(Schedule& schedule, const std::string& name, const LinearDesc& desc,
                      const Tensor& x, const ParamSlice& weight, const ParamSlice& bias);

/// Adds the steps of the backward pass. dy [N, O]: gradient of the product's own output. Sets
/// dweight and, where it has a buffer, dbias. Returns dx [shape of x], or a tensor without a buffer
/// when `need_dx` is false.
Tensor linear_backward(Schedule& schedule, const std::string& name, const LinearDesc& desc,
                       const Tensor& x, const Tensor& dy, const ParamSlice& weight,
                       const ParamSlice& dweight, const ParamSlice& dbias, bool need_dx);

}  // namespace mapnet
