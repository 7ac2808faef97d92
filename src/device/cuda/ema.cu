#include "device/cuda/gpu.hpp"
#include "device/cuda/launch.hpp"
#include "device/ops/ema.hpp"
#include "device/ops/step_control.hpp"

namespace mapnet::cuda {

namespace {

constexpr unsigned kThreads = 256;

__global__ void ema_kernel(float* average, const float* value, std::size_t n,
                           const StepControl* control) {
  const std::size_t i = blockIdx.x * static_cast<std::size_t>(kThreads) + threadIdx.x;
  if (i < n) average[i] = ema_update(average[i], value[i], control->now.ema_weight);
}

}  // namespace

void ema_step(Schedule& schedule, const std::string& name, BufferId average, BufferId value,
              std::size_t n, BufferId control) {
  Step step;
  step.name = name;
  step.reads = {average, value, control};
  step.writes = {average};
  step.bytes = 3.0 * sizeof(float) * static_cast<double>(n);
  const cudaStream_t stream = gpu_of(schedule).stream();
  step.bind = [=](const Memory& memory) -> Run {
    auto* to = memory.at<float>(average);
    const auto* from = memory.at<const float>(value);
    const auto* c = memory.at<const StepControl>(control);
    return [=] { launch(stream, blocks_for(n, kThreads), kThreads, ema_kernel, to, from, n, c); };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cuda
