#include "device/cuda/gpu.hpp"
#include "device/cuda/launch.hpp"
#include "device/cuda/vec4.cuh"
#include "device/ops/add.hpp"

namespace mapnet::cuda {

namespace {

constexpr unsigned kThreads = 256;

struct Sum {
  bool relu;
  __device__ float operator()(float a, float b) const {
    const float sum = a + b;
    return relu && !(sum > 0) ? 0.0f : sum;
  }
};

template <class Value>
__global__ void add_kernel(Value* y, const Value* a, const Value* b, Sum sum, std::size_t n) {
  const std::size_t i = blockIdx.x * static_cast<std::size_t>(kThreads) + threadIdx.x;
  if (i < n) y[i] = apply(sum, a[i], b[i]);
}

}  // namespace

Tensor add_forward(Schedule& schedule, const std::string& name, const Tensor& a, const Tensor& b,
                   bool relu) {
  require_same_layout(name, a, b);
  Tensor y = a;
  y.offset = 0;
  y.buffer = schedule.buffer(name + ".y", "activations", y.bytes());
  Step step;
  step.name = name + ".forward";
  step.reads = {a.buffer, b.buffer};
  step.writes = {y.buffer};
  step.flops = static_cast<double>(a.padded_size());
  step.bytes = 3.0 * static_cast<double>(a.bytes());
  const cudaStream_t stream = gpu_of(schedule).stream();
  step.bind = [=](const Memory& memory) -> Run {
    const auto* one = memory.at<const float>(a.buffer) + a.offset;
    const auto* other = memory.at<const float>(b.buffer) + b.offset;
    auto* to = memory.at<float>(y.buffer);
    const std::size_t n = y.padded_size();
    if (n % 4 == 0 && a.offset % 4 == 0 && b.offset % 4 == 0)
      return [=] {
        launch(stream, blocks_for(n / 4, kThreads), kThreads, add_kernel<float4>,
               reinterpret_cast<float4*>(to), reinterpret_cast<const float4*>(one),
               reinterpret_cast<const float4*>(other), Sum{relu}, n / 4);
      };
    return [=] {
      launch(stream, blocks_for(n, kThreads), kThreads, add_kernel<float>, to, one, other,
             Sum{relu}, n);
    };
  };
  schedule.add(std::move(step));
  return y;
}

}  // namespace mapnet::cuda
