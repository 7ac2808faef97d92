#include "device/cuda/gpu.hpp"
#include "device/cuda/launch.hpp"
#include "device/ops/add_scaled.hpp"

namespace mapnet::cuda {

namespace {

constexpr unsigned kThreads = 256;

__global__ void add_scaled_kernel(float* y, const float* x, float scale, std::size_t n) {
  const std::size_t i = blockIdx.x * static_cast<std::size_t>(kThreads) + threadIdx.x;
  if (i < n) y[i] += scale * x[i];
}

__global__ void fill_kernel(float* y, float value, std::size_t n) {
  const std::size_t i = blockIdx.x * static_cast<std::size_t>(kThreads) + threadIdx.x;
  if (i < n) y[i] = value;
}

}  // namespace

void add_scaled(Schedule& schedule, const std::string& name, BufferId y, BufferId x, float scale,
                std::size_t n) {
  Step step;
  step.name = name;
  step.reads = {x, y};
  step.writes = {y};
  step.bytes = 3.0 * sizeof(float) * static_cast<double>(n);
  const cudaStream_t stream = gpu_of(schedule).stream();
  step.bind = [=](const Memory& memory) -> Run {
    auto* to = memory.at<float>(y);
    const auto* from = memory.at<const float>(x);
    return [=] {
      launch(stream, blocks_for(n, kThreads), kThreads, add_scaled_kernel, to, from, scale, n);
    };
  };
  schedule.add(std::move(step));
}

void fill(Schedule& schedule, const std::string& name, BufferId y, float value, std::size_t n) {
  Step step;
  step.name = name;
  step.writes = {y};
  step.bytes = sizeof(float) * static_cast<double>(n);
  const cudaStream_t stream = gpu_of(schedule).stream();
  step.bind = [=](const Memory& memory) -> Run {
    auto* to = memory.at<float>(y);
    return [=] { launch(stream, blocks_for(n, kThreads), kThreads, fill_kernel, to, value, n); };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cuda
