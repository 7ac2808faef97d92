#include "device/cpu/conv2d_steps.hpp"

#include <utility>

#include "device/ops/relayout.hpp"

namespace mapnet::cpu {

namespace {

double traffic(const dnnl::memory::desc& a, const dnnl::memory::desc& b,
               const dnnl::memory::desc& c) {
  return static_cast<double>(a.get_size() + b.get_size() + c.get_size());
}

/// With AVX2 but no AVX-512 oneDNN knows nothing better for the weights' gradient of a one-channel
/// image, a thousand times slower than anything else it has.
bool is_plain_loops(std::string_view kernel) { return kernel.starts_with("ref"); }

}  // namespace

Conv2dSteps::Conv2dSteps(Schedule& schedule, std::string name, const Conv2dDesc& d, const Tensor& x,
                         bool bias, int y_block)
    : schedule_(schedule), name_(std::move(name)) {
  const Conv2dShape shape = conv2d_shape(name_, d, x);
  y_ = shape.y;
  flops_ = shape.flops;
  weight_dims_ = {d.out_channels, x.c, d.kernel, d.kernel};
  plain_weight_ = plain_desc(weight_dims_);
  if (bias) bias_ = plain_desc({d.out_channels});
  const dnnl::memory::desc bias_desc = bias_.value_or(dnnl::memory::desc());
  const Spacing spacing = {d.stride, d.padding};

  // Left to oneDNN, the layout of y may be one that a Tensor cannot name: then plain is taken.
  const auto make = [&](const dnnl::memory::desc& y) {
    return conv_forward_pd(tensor_desc(x), any_desc(weight_dims_), bias_desc, y, spacing, d.relu);
  };
  y_.channel_block = y_block;
  forward_ = make(y_block == 0 ? any_desc(tensor_dims(y_)) : tensor_desc(y_));
  if (y_block == 0) y_.channel_block = channel_block_of(forward_.dst_desc(), y_);
  if (y_.channel_block == 0) {
    y_.channel_block = 1;
    forward_ = make(tensor_desc(y_));
  }
  by_data_ = conv_backward_data_pd(tensor_desc(x), any_desc(weight_dims_), tensor_desc(y_), spacing,
                                   forward_);
  const auto by_weights = [&](const Tensor& dy) {
    return conv_backward_weights_pd(tensor_desc(x), any_desc(weight_dims_), bias_desc,
                                    tensor_desc(dy), spacing, forward_);
  };
  by_weights_ = by_weights(y_);
  gradient_block_ = y_.channel_block;
  // A product behind a copy of the image wants plain layouts.
  if (is_plain_loops(by_weights_.impl_info_str()) && x.channel_block == 1) {
    Tensor plain = y_;
    plain.channel_block = gradient_block_ = 1;
    by_weights_ = by_weights(plain);
  }
  dweight_ = by_weights_.diff_weights_desc();
}

std::array<std::string_view, 3> Conv2dSteps::kernels() const {
  return {forward_.impl_info_str(), by_data_.impl_info_str(), by_weights_.impl_info_str()};
}

Arg Conv2dSteps::forward_weights(const ParamSlice& weight) const {
  return reordered_param(schedule_, name_ + ".weight.reorder", DNNL_ARG_WEIGHTS, weight,
                         plain_weight_, forward_.weights_desc());
}

Arg Conv2dSteps::backward_weights(const ParamSlice& weight) const {
  return reordered_param(schedule_, name_ + ".weight.reorder_backward", DNNL_ARG_WEIGHTS, weight,
                         plain_weight_, by_data_.weights_desc());
}

void Conv2dSteps::forward(const Tensor& x, const Arg& weights, const ParamSlice& bias,
                          const Tensor& y) const {
  std::vector<Arg> args = {tensor_arg(DNNL_ARG_SRC, x), weights, tensor_arg(DNNL_ARG_DST, y, true)};
  if (bias_)
    args.push_back({DNNL_ARG_BIAS, *bias_, bias.buffer, false, bias.offset * sizeof(float)});
  add_primitive(schedule_, name_ + ".forward", dnnl::convolution_forward(forward_),
                forward_.scratchpad_desc(), std::move(args), flops_,
                traffic(forward_.src_desc(), forward_.weights_desc(), forward_.dst_desc()));
}

void Conv2dSteps::backward_data(const Tensor& dx, const Arg& weights, const Tensor& dy) const {
  add_primitive(
      schedule_, name_ + ".backward_data", dnnl::convolution_backward_data(by_data_),
      by_data_.scratchpad_desc(),
      {weights, tensor_arg(DNNL_ARG_DIFF_DST, dy), tensor_arg(DNNL_ARG_DIFF_SRC, dx, true)}, flops_,
      traffic(by_data_.diff_src_desc(), by_data_.weights_desc(), by_data_.diff_dst_desc()));
}

void Conv2dSteps::weight_gradient(const Tensor& x, const Tensor& dy, const Arg& dweight,
                                  const ParamSlice& dbias) const {
  const Tensor gradient = relayout(schedule_, name_ + ".dy.reorder", dy, gradient_block_);
  std::vector<Arg> args = {tensor_arg(DNNL_ARG_SRC, x), tensor_arg(DNNL_ARG_DIFF_DST, gradient),
                           dweight};
  if (bias_)
    args.push_back({DNNL_ARG_DIFF_BIAS, *bias_, dbias.buffer, true, dbias.offset * sizeof(float)});
  add_primitive(schedule_, name_ + ".backward_weights",
                dnnl::convolution_backward_weights(by_weights_), by_weights_.scratchpad_desc(),
                std::move(args), flops_,
                traffic(by_weights_.src_desc(), dweight_, by_weights_.diff_dst_desc()));
}

}  // namespace mapnet::cpu
