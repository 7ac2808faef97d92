#include "device/ops/conv_pool2d.hpp"

#include "device/cuda/conv2d_steps.hpp"
#include "device/cuda/pool_steps.hpp"
#include "device/cuda/sum_channels.hpp"

namespace mapnet::cuda {

ConvPool2d conv_pool2d_forward(Schedule& schedule, const std::string& name,
                               const ConvPool2dDesc& desc, const Tensor& x,
                               const ParamSlice& weight, const ParamSlice& bias) {
  check_conv_pool2d(name, desc);
  const Conv2dSteps conv(schedule, name, desc.conv, x);
  Tensor between = conv.y();
  between.buffer = schedule.buffer(name + ".y", "activations", between.bytes());
  conv.forward(x, weight, between);
  const MaxPool pool =
      add_pool_forward(schedule, name + ".pool", {desc.pool}, between, bias, name + ".argmax");
  return {pool.y, pool.argmax};
}

Tensor conv_pool2d_backward(Schedule& schedule, const std::string& name, const ConvPool2dDesc& desc,
                            const Tensor& x, const ConvPool2d& forward, const Tensor& dy,
                            const ParamSlice& weight, const ParamSlice& dweight,
                            const ParamSlice& dbias, bool need_dx) {
  check_conv_pool2d(name, desc);
  const Conv2dSteps conv(schedule, name, desc.conv, x);
  // What the pooling drops has no gradient: the sum over the maxima is the sum over all.
  if (!dbias.absent()) add_sum_channels(schedule, name + ".backward_bias", dbias, dy);
  Tensor between = conv.y();
  between.buffer = schedule.buffer(name + ".dy", "gradients", between.bytes());
  add_pool_backward(schedule, name + ".pool", {desc.pool}, between, {forward.y, forward.argmax},
                    dy);
  conv.backward_weights(x, between, dweight);
  Tensor dx = x;
  dx.offset = 0;
  dx.buffer = kNoBuffer;
  if (!need_dx) return dx;
  dx.buffer = schedule.buffer(name + ".dx", "gradients", dx.bytes());
  conv.backward_data(dx, weight, between);
  return dx;
}

}  // namespace mapnet::cuda
