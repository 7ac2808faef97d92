#include "device/ops/conv2d.hpp"

#include "common/error.hpp"
#include "device/cpu/onednn.hpp"

namespace mapnet {

using namespace cpu;

namespace {

struct Shapes {
  Dims weight, bias;
  Tensor y;      // without a buffer
  double flops;  // of one pass: forward, backward by data and by weights take the same
};

Shapes shapes_of(const std::string& name, const Conv2dDesc& d, const Tensor& x) {
  Shapes s;
  s.weight = {d.out_channels, x.c, d.kernel, d.kernel};
  s.bias = {d.out_channels};
  s.y.n = x.n;
  s.y.c = d.out_channels;
  s.y.h = x.h + 2 * d.padding - d.kernel + 1;
  s.y.w = x.w + 2 * d.padding - d.kernel + 1;
  if (s.y.h < 1 || s.y.w < 1)
    fail("{}: a {}x{} kernel does not fit the input of {}x{} padded by {}", name, d.kernel,
         d.kernel, x.h, x.w, d.padding);
  s.flops = 2.0 * s.y.n * s.y.c * s.y.h * s.y.w * x.c * d.kernel * d.kernel;
  return s;
}

/// The layout of y is oneDNN's choice; should it choose one a Tensor cannot name, plain is taken.
dnnl::convolution_forward::primitive_desc describe_forward(const Conv2dDesc& d, const Tensor& x,
                                                           const Shapes& s) {
  const auto make = [&](const dnnl::memory::desc& y) {
    return conv_forward_pd(tensor_desc(x), any_desc(s.weight), plain_desc(s.bias), y, d.padding,
                        d.relu);
  };
  auto pd = make(any_desc(tensor_dims(s.y)));
  if (channel_block_of(pd.dst_desc(), s.y) == 0) pd = make(tensor_desc(s.y));
  return pd;
}

double traffic(const dnnl::memory::desc& a, const dnnl::memory::desc& b,
               const dnnl::memory::desc& c) {
  return static_cast<double>(a.get_size() + b.get_size() + c.get_size());
}

}  // namespace

Tensor conv2d_forward(Schedule& schedule, const std::string& name, const Conv2dDesc& d,
                      const Tensor& x, const ParamSlice& weight, const ParamSlice& bias) {
  Shapes s = shapes_of(name, d, x);
  const auto pd = describe_forward(d, x, s);
  Tensor& y = s.y;
  y.channel_block = channel_block_of(pd.dst_desc(), y);
  y.buffer = schedule.buffer(name + ".y", "activations", pd.dst_desc().get_size());

  const Arg w = reordered_param(schedule, name + ".weight.reorder", DNNL_ARG_WEIGHTS, weight,
                                plain_desc(s.weight), pd.weights_desc());
  add_primitive(
      schedule, name + ".forward", dnnl::convolution_forward(pd), pd.scratchpad_desc(),
      {{DNNL_ARG_SRC, pd.src_desc(), x.buffer},
       w,
       {DNNL_ARG_BIAS, pd.bias_desc(), bias.buffer, false, bias.offset * sizeof(float)},
       {DNNL_ARG_DST, pd.dst_desc(), y.buffer, true}},
      s.flops, traffic(pd.src_desc(), pd.weights_desc(), pd.dst_desc()));
  return y;
}

Tensor conv2d_backward(Schedule& schedule, const std::string& name, const Conv2dDesc& d,
                       const Tensor& x, const Tensor& dy, const ParamSlice& weight,
                       const ParamSlice& dweight, const ParamSlice& dbias, bool need_dx) {
  const Shapes s = shapes_of(name, d, x);
  const auto hint = describe_forward(d, x, s);
  const dnnl::memory::desc plain = plain_desc(s.weight);

  const auto by_weights = conv_backward_weights_pd(tensor_desc(x), any_desc(s.weight),
                                                plain_desc(s.bias), tensor_desc(dy), d.padding,
                                                hint);
  const Arg dw = gradient_target(schedule, name + ".dweight", DNNL_ARG_DIFF_WEIGHTS, dweight, plain,
                                 by_weights.diff_weights_desc());
  add_primitive(schedule, name + ".backward_weights",
                dnnl::convolution_backward_weights(by_weights), by_weights.scratchpad_desc(),
                {{DNNL_ARG_SRC, by_weights.src_desc(), x.buffer},
                 {DNNL_ARG_DIFF_DST, by_weights.diff_dst_desc(), dy.buffer},
                 dw,
                 {DNNL_ARG_DIFF_BIAS, by_weights.diff_bias_desc(), dbias.buffer, true,
                  dbias.offset * sizeof(float)}},
                s.flops,
                traffic(by_weights.src_desc(), by_weights.diff_weights_desc(),
                        by_weights.diff_dst_desc()));
  finish_gradient(schedule, name + ".dweight.reorder", dw, dweight, plain);

  Tensor dx = x;
  dx.buffer = kNoBuffer;
  if (!need_dx) return dx;
  const auto by_data =
      conv_backward_data_pd(tensor_desc(x), any_desc(s.weight), tensor_desc(dy), d.padding, hint);
  dx.buffer = schedule.buffer(name + ".dx", "gradients", by_data.diff_src_desc().get_size());
  const Arg w = reordered_param(schedule, name + ".weight.reorder_backward", DNNL_ARG_WEIGHTS,
                                weight, plain, by_data.weights_desc());
  add_primitive(schedule, name + ".backward_data", dnnl::convolution_backward_data(by_data),
                by_data.scratchpad_desc(),
                {w,
                 {DNNL_ARG_DIFF_DST, by_data.diff_dst_desc(), dy.buffer},
                 {DNNL_ARG_DIFF_SRC, by_data.diff_src_desc(), dx.buffer, true}},
                s.flops,
                traffic(by_data.diff_src_desc(), by_data.weights_desc(), by_data.diff_dst_desc()));
  return dx;
}

}  // namespace mapnet
