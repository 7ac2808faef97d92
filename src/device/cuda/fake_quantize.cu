#include "device/cuda/gpu.hpp"
#include "device/cuda/launch.hpp"
#include "device/ops/fake_quantize.hpp"
#include "device/ops/step_control.hpp"

namespace mapnet::cuda {

namespace {

constexpr unsigned kThreads = 256;

/// One block: a few batches are observed once a run, which is no place to save microseconds.
__global__ void observe_range_kernel(float* range, const float* x, std::size_t image, int images,
                                     const StepControl* control) {
  __shared__ float most[kThreads];
  const int real = control->now.count < images ? control->now.count : images;
  const std::size_t n = image * static_cast<std::size_t>(real);
  float largest = 0;
  for (std::size_t i = threadIdx.x; i < n; i += kThreads) {
    const float magnitude = x[i] < 0 ? -x[i] : x[i];
    if (magnitude > largest) largest = magnitude;
  }
  most[threadIdx.x] = largest;
  for (unsigned half = kThreads / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half && most[threadIdx.x + half] > most[threadIdx.x])
      most[threadIdx.x] = most[threadIdx.x + half];
  }
  if (threadIdx.x == 0 && most[0] > *range) *range = most[0];
}

__global__ void fake_quantize_kernel(float* x, const float* range, std::size_t n) {
  const std::size_t i = blockIdx.x * static_cast<std::size_t>(kThreads) + threadIdx.x;
  if (i < n) x[i] = int8_rounded(x[i], *range);
}

}  // namespace

void observe_range(Schedule& schedule, const std::string& name, const Tensor& x, BufferId ranges,
                   std::size_t index, BufferId control) {
  Step step;
  step.name = name;
  step.reads = {x.buffer, ranges, control};
  step.writes = {ranges};
  step.bytes = static_cast<double>(x.bytes());
  const cudaStream_t stream = gpu_of(schedule).stream();
  step.bind = [=](const Memory& memory) -> Run {
    const auto* values = memory.at<const float>(x.buffer) + x.offset;
    auto* range = memory.at<float>(ranges) + index;
    const auto* c = memory.at<const StepControl>(control);
    const std::size_t image = x.images(0, 1).padded_size();
    return [=] { launch(stream, 1, kThreads, observe_range_kernel, range, values, image, x.n, c); };
  };
  schedule.add(std::move(step));
}

void fake_quantize(Schedule& schedule, const std::string& name, const Tensor& x, BufferId ranges,
                   std::size_t index) {
  Step step;
  step.name = name;
  step.reads = {x.buffer, ranges};
  step.writes = {x.buffer};
  step.bytes = 2.0 * static_cast<double>(x.bytes());
  const cudaStream_t stream = gpu_of(schedule).stream();
  step.bind = [=](const Memory& memory) -> Run {
    auto* values = memory.at<float>(x.buffer) + x.offset;
    const auto* range = memory.at<const float>(ranges) + index;
    const std::size_t n = x.padded_size();
    return [=] {
      launch(stream, blocks_for(n, kThreads), kThreads, fake_quantize_kernel, values, range, n);
    };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cuda
