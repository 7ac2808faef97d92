#include "device/cuda/add_bias.hpp"
#include "device/cuda/gpu.hpp"
#include "device/cuda/launch.hpp"
#include "device/cuda/rows.hpp"
#include "device/cuda/vec4.cuh"

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

/// y [planes, plane] += bias [channels], which may be null, in place, a plane a row; then ReLU
/// where asked. `plane` in Values.
template <class Value>
__global__ void bias_kernel(Value* y, const float* bias, unsigned planes, unsigned plane,
                            unsigned channels, bool relu) {
  const unsigned row = blockIdx.x * blockDim.y + threadIdx.y;
  if (row >= planes) return;
  const AddBias add{bias ? bias[row % channels] : 0.0f, relu};
  Value* values = y + static_cast<std::size_t>(row) * plane;
  for (unsigned i = threadIdx.x; i < plane; i += blockDim.x) values[i] = apply(add, values[i]);
}

}  // namespace

void add_bias(Schedule& schedule, const std::string& name, const Tensor& y, const ParamSlice& bias,
              bool relu) {
  Step step;
  step.name = name;
  step.reads = {y.buffer};
  if (!bias.absent()) step.reads.push_back(bias.buffer);
  step.writes = {y.buffer};
  step.bytes = 2.0 * static_cast<double>(y.bytes());
  const cudaStream_t stream = gpu_of(schedule).stream();
  step.bind = [=](const Memory& memory) -> Run {
    auto* values = memory.at<float>(y.buffer) + y.offset;
    const float* b = bias.absent() ? nullptr : memory.at<const float>(bias.buffer) + bias.offset;
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

}  // namespace mapnet::cuda
