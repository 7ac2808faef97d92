#include "device/cuda/conv2d_steps.hpp"
#include "device/cuda/gpu.hpp"
#include "device/cuda/launch.hpp"
#include "device/cuda/rows.hpp"
#include "device/cuda/sum_channels.hpp"
#include "device/cuda/vec4.cuh"
#include "device/ops/conv2d.hpp"
#include "device/ops/relu.hpp"

namespace mapnet::cuda {

namespace {

struct AddBias {
  float bias;
  bool relu;
  __device__ float operator()(float v) const {
    const float sum = v + bias;
    return relu && !(sum > 0) ? 0.0f : sum;
  }
};

/// y [planes, plane] += bias [channels] in place, a plane a row; then ReLU where asked. `plane` in
/// Values.
template <class Value>
__global__ void bias_kernel(Value* y, const float* bias, unsigned planes, unsigned plane,
                            unsigned channels, bool relu) {
  const unsigned row = blockIdx.x * blockDim.y + threadIdx.y;
  if (row >= planes) return;
  const AddBias add{bias[row % channels], relu};
  Value* values = y + static_cast<std::size_t>(row) * plane;
  for (unsigned i = threadIdx.x; i < plane; i += blockDim.x) values[i] = apply(add, values[i]);
}

void add_bias(Schedule& schedule, const std::string& name, const Tensor& y, const ParamSlice& bias,
              bool relu) {
  Step step;
  step.name = name;
  step.reads = {y.buffer, bias.buffer};
  step.writes = {y.buffer};
  step.bytes = 2.0 * static_cast<double>(y.bytes());
  const cudaStream_t stream = gpu_of(schedule).stream();
  step.bind = [=](const Memory& memory) -> Run {
    auto* values = memory.at<float>(y.buffer) + y.offset;
    const auto* b = memory.at<const float>(bias.buffer) + bias.offset;
    const auto channels = static_cast<unsigned>(y.c),
               planes = static_cast<unsigned>(y.n) * channels,
               plane = static_cast<unsigned>(y.h * y.w);
    if (plane % 4 == 0)
      return [=] {
        const dim3 block = row_block(plane / 4);
        launch(stream, blocks_for(planes, block.y), block, bias_kernel<float4>,
               reinterpret_cast<float4*>(values), b, planes, plane / 4, channels, relu);
      };
    return [=] {
      const dim3 block = row_block(plane);
      launch(stream, blocks_for(planes, block.y), block, bias_kernel<float>, values, b, planes,
             plane, channels, relu);
    };
  };
  schedule.add(std::move(step));
}

}  // namespace

Tensor conv2d_forward(Schedule& schedule, const std::string& name, const Conv2dDesc& desc,
                      const Tensor& x, const ParamSlice& weight, const ParamSlice& bias) {
  const Conv2dSteps steps(schedule, name, desc, x);
  Tensor y = steps.y();
  y.buffer = schedule.buffer(name + ".y", "activations", y.bytes());
  steps.forward(x, weight, y);
  if (!bias.absent()) add_bias(schedule, name + ".forward.bias", y, bias, desc.relu);
  if (bias.absent() && desc.relu) mapnet::relu_forward(schedule, name + ".relu", y);
  return y;
}

Tensor conv2d_backward(Schedule& schedule, const std::string& name, const Conv2dDesc& desc,
                       const Tensor& x, const Tensor& dy, const ParamSlice& weight,
                       const ParamSlice& dweight, const ParamSlice& dbias, bool need_dx) {
  const Conv2dSteps steps(schedule, name, desc, x);
  if (!dbias.absent()) add_sum_channels(schedule, name + ".backward_bias", dbias, dy);
  steps.backward_weights(x, dy, dweight);
  return steps.backward_data(weight, dy, need_dx);
}

}  // namespace mapnet::cuda
