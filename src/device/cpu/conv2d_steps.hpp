#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "device/cpu/onednn.hpp"
#include "device/ops/conv2d.hpp"

namespace mapnet::cpu {

/// The steps a convolution is made of, for batches of one size: what conv2d does with a whole batch
/// and conv_pool2d with one sub-batch after another.
class Conv2dSteps {
 public:
  /// x: shape and layout of an input batch; its buffer is not used. y_block: channels innermost in
  /// an output batch, 0 for what oneDNN likes. Throws Error when the kernel does not fit.
  Conv2dSteps(Schedule& schedule, std::string name, const Conv2dDesc& desc, const Tensor& x,
              bool bias, int y_block = 0);

  /// Shape and layout of an output batch, without a buffer.
  const Tensor& y() const { return y_; }

  /// What oneDNN calls its kernels, for people: forward, backward data, backward weights.
  std::array<std::string_view, 3> kernels() const;

  /// Weights as the passes want them; adds the reorder where it takes one.
  Arg forward_weights(const ParamSlice& weight) const;
  Arg backward_weights(const ParamSlice& weight) const;

  /// `bias` and `dbias` are not read where there is none.
  void forward(const Tensor& x, const Arg& weights, const ParamSlice& bias, const Tensor& y) const;
  void backward_data(const Tensor& dx, const Arg& weights, const Tensor& dy) const;

  /// Layout that weight_gradient writes; sets dw and db.
  const dnnl::memory::desc& dweight_desc() const { return dweight_; }
  const dnnl::memory::desc& plain_weight() const { return plain_weight_; }
  void weight_gradient(const Tensor& x, const Tensor& dy, const Arg& dweight,
                       const ParamSlice& dbias) const;

 private:
  Schedule& schedule_;
  std::string name_;
  Dims weight_dims_;
  dnnl::memory::desc plain_weight_, dweight_;
  std::optional<dnnl::memory::desc> bias_;
  Tensor y_;
  int gradient_block_;  // of the dy that weight_gradient wants
  dnnl::convolution_forward::primitive_desc forward_;
  dnnl::convolution_backward_data::primitive_desc by_data_;
  dnnl::convolution_backward_weights::primitive_desc by_weights_;
  double flops_ = 0;  // of one pass: all three take the same
};

}  // namespace mapnet::cpu
