#include "device/ops/conv_transpose2d.hpp"

#include "device/cpu/add_bias.hpp"
#include "device/cpu/conv2d_steps.hpp"
#include "device/cpu/sum_channels.hpp"

namespace mapnet::cpu {

namespace {

/// oneDNN's deconvolution is this too, but walks the bias and its gradient in plain loops.
Conv2dSteps adjoint_steps(Schedule& schedule, const std::string& name,
                          const ConvTranspose2dDesc& desc, const Tensor& x) {
  return {
      schedule, name + ".adjoint", adjoint_conv2d(desc, x), conv_transpose2d_shape(name, desc, x),
      false,    x.channel_block};
}

}  // namespace

Tensor conv_transpose2d_forward(Schedule& schedule, const std::string& name,
                                const ConvTranspose2dDesc& desc, const Tensor& x,
                                const ParamSlice& weight, const ParamSlice& bias) {
  const Conv2dSteps adjoint = adjoint_steps(schedule, name, desc, x);
  Tensor y = conv_transpose2d_shape(name, desc, x);
  y.buffer = schedule.buffer(name + ".y", "activations", y.bytes());
  adjoint.backward_data(y, adjoint.backward_weights(weight), x);
  if (!bias.absent()) add_bias(schedule, name + ".forward.bias", y, bias);
  return y;
}

Tensor conv_transpose2d_backward(Schedule& schedule, const std::string& name,
                                 const ConvTranspose2dDesc& desc, const Tensor& x, const Tensor& dy,
                                 const ParamSlice& weight, const ParamSlice& dweight,
                                 const ParamSlice& dbias, bool need_dx) {
  const Conv2dSteps adjoint = adjoint_steps(schedule, name, desc, x);
  if (!dbias.absent()) add_sum_channels(schedule, name + ".backward_bias", dbias, dy);
  const Arg dw = gradient_target(schedule, name + ".dweight", DNNL_ARG_DIFF_WEIGHTS, dweight,
                                 adjoint.plain_weight(), adjoint.dweight_desc());
  adjoint.weight_gradient(dy, x, dw, {});
  finish_gradient(schedule, name + ".dweight.reorder", dw, dweight, adjoint.plain_weight());

  Tensor dx = x;
  dx.offset = 0;
  dx.buffer = kNoBuffer;
  if (!need_dx) return dx;
  dx.buffer = schedule.buffer(name + ".dx", "gradients", dx.bytes());
  adjoint.forward(dy, adjoint.forward_weights(weight), {}, dx);
  return dx;
}

}  // namespace mapnet::cpu
