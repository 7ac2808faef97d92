#include "device/cuda/gpu.hpp"
#include "device/cuda/launch.hpp"
#include "device/cuda/vec4.cuh"
#include "device/ops/relu.hpp"

namespace mapnet::cuda {

namespace {

constexpr unsigned kThreads = 256;

struct Relu {
  __device__ float operator()(float v) const { return v > 0 ? v : 0.0f; }
};

struct WherePositive {
  __device__ float operator()(float dy, float y) const { return y > 0 ? dy : 0.0f; }
};

template <class Value>
__global__ void relu_kernel(Value* x, std::size_t n) {
  const std::size_t i = blockIdx.x * static_cast<std::size_t>(kThreads) + threadIdx.x;
  if (i < n) x[i] = apply(Relu{}, x[i]);
}

template <class Value>
__global__ void relu_backward_kernel(Value* dy, const Value* y, std::size_t n) {
  const std::size_t i = blockIdx.x * static_cast<std::size_t>(kThreads) + threadIdx.x;
  if (i < n) dy[i] = apply(WherePositive{}, dy[i], y[i]);
}

bool in_fours(const Tensor& t) { return t.padded_size() % 4 == 0 && t.offset % 4 == 0; }

}  // namespace

void relu_forward(Schedule& schedule, const std::string& name, const Tensor& x) {
  Step step;
  step.name = name + ".forward";
  step.reads = step.writes = {x.buffer};
  step.bytes = 2.0 * static_cast<double>(x.bytes());
  const cudaStream_t stream = gpu_of(schedule).stream();
  step.bind = [=](const Memory& memory) -> Run {
    auto* values = memory.at<float>(x.buffer) + x.offset;
    const std::size_t n = x.padded_size();
    if (in_fours(x))
      return [=] {
        launch(stream, blocks_for(n / 4, kThreads), kThreads, relu_kernel<float4>,
               reinterpret_cast<float4*>(values), n / 4);
      };
    return
        [=] { launch(stream, blocks_for(n, kThreads), kThreads, relu_kernel<float>, values, n); };
  };
  schedule.add(std::move(step));
}

void relu_backward(Schedule& schedule, const std::string& name, const Tensor& y, const Tensor& dy) {
  Step step;
  step.name = name + ".backward";
  step.reads = {y.buffer, dy.buffer};
  step.writes = {dy.buffer};
  step.bytes = 3.0 * static_cast<double>(y.bytes());
  const cudaStream_t stream = gpu_of(schedule).stream();
  step.bind = [=](const Memory& memory) -> Run {
    const auto* output = memory.at<const float>(y.buffer) + y.offset;
    auto* gradient = memory.at<float>(dy.buffer) + dy.offset;
    const std::size_t n = y.padded_size();
    if (in_fours(y) && in_fours(dy))
      return [=] {
        launch(stream, blocks_for(n / 4, kThreads), kThreads, relu_backward_kernel<float4>,
               reinterpret_cast<float4*>(gradient), reinterpret_cast<const float4*>(output), n / 4);
      };
    return [=] {
      launch(stream, blocks_for(n, kThreads), kThreads, relu_backward_kernel<float>, gradient,
             output, n);
    };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cuda
