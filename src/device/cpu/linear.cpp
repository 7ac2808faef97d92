#include "device/ops/linear.hpp"

#include "device/cpu/onednn.hpp"

namespace mapnet {

using namespace cpu;

namespace {

struct Shapes {
  Dims weight, bias, y;
  dnnl::memory::desc x, dy;
  double flops, bytes;  // of one pass
};

/// A [N, O, 1, 1] tensor is a matrix to oneDNN; a real image keeps its four dimensions, so that the
/// weight's reorder undoes the channel blocking and the activation need not be moved.
Shapes shapes_of(const LinearDesc& d, const Tensor& x) {
  const bool matrix = x.h == 1 && x.w == 1 && x.channel_block == 1;
  Shapes s;
  s.weight = matrix ? Dims{d.out_features, x.c} : Dims{d.out_features, x.c, x.h, x.w};
  s.bias = {d.out_features};
  s.y = {x.n, d.out_features};
  s.x = matrix ? plain_desc({x.n, x.c}) : tensor_desc(x);
  s.dy = plain_desc(s.y);
  const double inputs = static_cast<double>(x.features());
  s.flops = 2.0 * x.n * d.out_features * inputs;
  s.bytes = sizeof(float) * (x.n * inputs + d.out_features * (inputs + x.n));
  return s;
}

dnnl::inner_product_forward::primitive_desc describe_forward(const LinearDesc& d, const Shapes& s) {
  return linear_forward_pd(s.x, any_desc(s.weight), plain_desc(s.bias), s.dy, d.relu);
}

}  // namespace

Tensor linear_forward(Schedule& schedule, const std::string& name, const LinearDesc& d,
                      const Tensor& x, const ParamSlice& weight, const ParamSlice& bias) {
  const Shapes s = shapes_of(d, x);
  const auto pd = describe_forward(d, s);
  Tensor y;
  y.n = x.n;
  y.c = d.out_features;
  y.buffer = schedule.buffer(name + ".y", "activations", y.bytes());
  const Arg w = reordered_param(schedule, name + ".weight.reorder", DNNL_ARG_WEIGHTS, weight,
                                plain_desc(s.weight), pd.weights_desc());
  add_primitive(schedule, name + ".forward", dnnl::inner_product_forward(pd), pd.scratchpad_desc(),
                {{DNNL_ARG_SRC, s.x, x.buffer},
                 w,
                 {DNNL_ARG_BIAS, pd.bias_desc(), bias.buffer, false, bias.offset * sizeof(float)},
                 {DNNL_ARG_DST, s.dy, y.buffer, true}},
                s.flops, s.bytes);
  return y;
}

Tensor linear_backward(Schedule& schedule, const std::string& name, const LinearDesc& d,
                       const Tensor& x, const Tensor& dy, const ParamSlice& weight,
                       const ParamSlice& dweight, const ParamSlice& dbias, bool need_dx) {
  const Shapes s = shapes_of(d, x);
  const auto hint = describe_forward(d, s);
  const dnnl::memory::desc plain = plain_desc(s.weight);

  const auto by_weights =
      linear_backward_weights_pd(s.x, any_desc(s.weight), plain_desc(s.bias), s.dy, hint);
  const Arg dw = gradient_target(schedule, name + ".dweight", DNNL_ARG_DIFF_WEIGHTS, dweight, plain,
                                 by_weights.diff_weights_desc());
  add_primitive(schedule, name + ".backward_weights",
                dnnl::inner_product_backward_weights(by_weights), by_weights.scratchpad_desc(),
                {{DNNL_ARG_SRC, s.x, x.buffer},
                 {DNNL_ARG_DIFF_DST, s.dy, dy.buffer},
                 dw,
                 {DNNL_ARG_DIFF_BIAS, by_weights.diff_bias_desc(), dbias.buffer, true,
                  dbias.offset * sizeof(float)}},
                s.flops, s.bytes);
  finish_gradient(schedule, name + ".dweight.reorder", dw, dweight, plain);

  Tensor dx = x;
  dx.buffer = kNoBuffer;
  if (!need_dx) return dx;
  const auto by_data = linear_backward_data_pd(s.x, any_desc(s.weight), s.dy, hint);
  dx.buffer = schedule.buffer(name + ".dx", "gradients", dx.bytes());
  const Arg w = reordered_param(schedule, name + ".weight.reorder_backward", DNNL_ARG_WEIGHTS,
                                weight, plain, by_data.weights_desc());
  add_primitive(schedule, name + ".backward_data", dnnl::inner_product_backward_data(by_data),
                by_data.scratchpad_desc(),
                {w, {DNNL_ARG_DIFF_DST, s.dy, dy.buffer}, {DNNL_ARG_DIFF_SRC, s.x, dx.buffer, true}},
                s.flops, s.bytes);
  return dx;
}

}  // namespace mapnet
