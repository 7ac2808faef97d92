#pragma once

#include <string>

#include "device/cuda/convolution.hpp"
#include "device/ops/conv2d.hpp"

namespace mapnet::cuda {

/// The three passes of a convolution as steps, planned when they are added: what conv2d,
/// conv_pool2d and conv_transpose2d have in common. The bias is not in them.
class Conv2dSteps {
 public:
  /// x: shape of the input; its buffer is not used. Throws Error when the kernel does not fit.
  Conv2dSteps(Schedule& schedule, std::string name, const Conv2dDesc& desc, const Tensor& x);

  /// Shape of the output, without a buffer.
  const Tensor& y() const { return y_; }

  void forward(const Tensor& x, const ParamSlice& weight, const Tensor& y) const;
  void backward_weights(const Tensor& x, const Tensor& dy, const ParamSlice& dweight) const;
  void backward_data(const Tensor& dx, const ParamSlice& weight, const Tensor& dy) const;

 private:
  void add(const std::string& what, ConvPass pass, const ParamSlice& a, const ParamSlice& b,
           const ParamSlice& out) const;
  void add_copy(const std::string& step_name, const ParamSlice& from, const ParamSlice& to) const;
  ParamSlice aligned(const std::string& what, const ParamSlice& weight) const;

  Schedule& schedule_;
  std::string name_;
  Tensor x_, y_;
  ConvShape shape_;
  std::size_t weights_;
  double flops_;
};

}  // namespace mapnet::cuda
