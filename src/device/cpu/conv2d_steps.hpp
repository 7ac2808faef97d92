#pragma once

#include <string>

#include "device/cpu/onednn.hpp"
#include "device/ops/conv2d.hpp"

namespace mapnet::cpu {

/// The steps a convolution is made of, for batches of one size: what conv2d does with a whole batch
/// and conv_pool2d with one sub-batch after another.
class Conv2dSteps {
 public:
  /// x: shape and layout of an input batch; its buffer is not used. Throws Error when the kernel
  /// does not fit.
  Conv2dSteps(Schedule& schedule, std::string name, const Conv2dDesc& desc, const Tensor& x,
              bool has_bias);

  /// Shape and layout of an output batch, without a buffer.
  const Tensor& y() const { return y_; }

  /// Weights as the passes want them; adds the reorder where it takes one.
  Arg forward_weights(const ParamSlice& weight) const;
  Arg backward_weights(const ParamSlice& weight) const;

  void forward(const Tensor& x, const Arg& weights, const ParamSlice& bias, const Tensor& y) const;
  void backward_data(const Tensor& dx, const Arg& weights, const Tensor& dy) const;

  /// Layout that weight_gradient writes; sets dw and, where there is a bias, db.
  const dnnl::memory::desc& dweight_desc() const { return dweight_; }
  const dnnl::memory::desc& plain_weight() const { return plain_weight_; }
  void weight_gradient(const Tensor& x, const Tensor& dy, const Arg& dweight,
                       const ParamSlice& dbias) const;

 private:
  Schedule& schedule_;
  std::string name_;
  bool has_bias_;
  Dims weight_dims_;
  dnnl::memory::desc plain_weight_, bias_, dweight_;
  Tensor y_;
  dnnl::convolution_forward::primitive_desc forward_;
  dnnl::convolution_backward_data::primitive_desc by_data_;
  dnnl::convolution_backward_weights::primitive_desc by_weights_;
  double flops_ = 0;  // of one pass: all three take the same
};

}  // namespace mapnet::cpu
