#include "device/cuda/add_bias.hpp"
#include "device/cuda/conv2d_steps.hpp"
#include "device/cuda/sum_channels.hpp"

namespace mapnet::cuda {

Tensor conv2d_forward(Schedule& schedule, const std::string& name, const Conv2dDesc& desc,
                      const Tensor& x, const ParamSlice& weight, const ParamSlice& bias) {
  const Conv2dSteps steps(schedule, name, desc, x);
  Tensor y = steps.y();
  y.buffer = schedule.buffer(name + ".y", "activations", y.bytes());
  steps.forward(x, weight, y);
  if (!bias.absent() || desc.relu) add_bias(schedule, name + ".forward.bias", y, bias, desc.relu);
  return y;
}

Tensor conv2d_backward(Schedule& schedule, const std::string& name, const Conv2dDesc& desc,
                       const Tensor& x, const Tensor& dy, const ParamSlice& weight,
                       const ParamSlice& dweight, const ParamSlice& dbias, bool need_dx) {
  const Conv2dSteps steps(schedule, name, desc, x);
  if (!dbias.absent()) add_sum_channels(schedule, name + ".backward_bias", dbias, dy);
  steps.backward_weights(x, dy, dweight);
  Tensor dx = x;
  dx.offset = 0;
  dx.buffer = kNoBuffer;
  if (!need_dx) return dx;
  dx.buffer = schedule.buffer(name + ".dx", "gradients", dx.bytes());
  steps.backward_data(dx, weight, dy);
  return dx;
}

}  // namespace mapnet::cuda
