#include "device/ops/conv2d.hpp"

#include "device/cpu/conv2d_steps.hpp"

namespace mapnet::cpu {

Tensor conv2d_forward(Schedule& schedule, const std::string& name, const Conv2dDesc& desc,
                      const Tensor& x, const ParamSlice& weight, const ParamSlice& bias) {
  const Conv2dSteps steps(schedule, name, desc, x, !bias.absent());
  Tensor y = steps.y();
  y.buffer = schedule.buffer(name + ".y", "activations", y.bytes());
  steps.forward(x, steps.forward_weights(weight), bias, y);
  return y;
}

Tensor conv2d_backward(Schedule& schedule, const std::string& name, const Conv2dDesc& desc,
                       const Tensor& x, const Tensor& dy, const ParamSlice& weight,
                       const ParamSlice& dweight, const ParamSlice& dbias, bool need_dx) {
  const Conv2dSteps steps(schedule, name, desc, x, !dbias.absent());
  const Arg dw = gradient_target(schedule, name + ".dweight", DNNL_ARG_DIFF_WEIGHTS, dweight,
                                 steps.plain_weight(), steps.dweight_desc());
  steps.weight_gradient(x, dy, dw, dbias);
  finish_gradient(schedule, name + ".dweight.reorder", dw, dweight, steps.plain_weight());

  Tensor dx = x;
  dx.offset = 0;
  dx.buffer = kNoBuffer;
  if (!need_dx) return dx;
  dx.buffer = schedule.buffer(name + ".dx", "gradients", dx.bytes());
  steps.backward_data(dx, steps.backward_weights(weight), dy);
  return dx;
}

}  // namespace mapnet::cpu
