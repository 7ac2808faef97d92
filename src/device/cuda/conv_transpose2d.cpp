#include "device/ops/conv_transpose2d.hpp"

#include "device/cuda/add_bias.hpp"
#include "device/cuda/conv2d_steps.hpp"
#include "device/cuda/sum_channels.hpp"

namespace mapnet::cuda {

Tensor conv_transpose2d_forward(Schedule& schedule, const std::string& name,
                                const ConvTranspose2dDesc& desc, const Tensor& x,
                                const ParamSlice& weight, const ParamSlice& bias) {
  Tensor y = conv_transpose2d_shape(name, desc, x);
  const Conv2dSteps adjoint(schedule, name + ".adjoint", adjoint_conv2d(desc, x), y);
  y.buffer = schedule.buffer(name + ".y", "activations", y.bytes());
  adjoint.backward_data(y, weight, x);
  if (!bias.absent()) add_bias(schedule, name + ".forward.bias", y, bias, false);
  return y;
}

Tensor conv_transpose2d_backward(Schedule& schedule, const std::string& name,
                                 const ConvTranspose2dDesc& desc, const Tensor& x, const Tensor& dy,
                                 const ParamSlice& weight, const ParamSlice& dweight,
                                 const ParamSlice& dbias, bool need_dx) {
  const Conv2dSteps adjoint(schedule, name + ".adjoint", adjoint_conv2d(desc, x),
                            conv_transpose2d_shape(name, desc, x));
  if (!dbias.absent()) add_sum_channels(schedule, name + ".backward_bias", dbias, dy);
  adjoint.backward_weights(dy, x, dweight);
  Tensor dx = x;
  dx.offset = 0;
  dx.buffer = kNoBuffer;
  if (!need_dx) return dx;
  dx.buffer = schedule.buffer(name + ".dx", "gradients", dx.bytes());
  adjoint.forward(dy, weight, dx);
  return dx;
}

}  // namespace mapnet::cuda
