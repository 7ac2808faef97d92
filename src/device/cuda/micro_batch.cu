#include "device/cuda/gpu.hpp"
#include "device/cuda/launch.hpp"
#include "device/ops/micro_batch.hpp"

namespace mapnet::cuda {

namespace {

constexpr unsigned kThreads = 256;

__global__ void accumulate_kernel(float* sum, const float* gradient, std::size_t n, Scored scored,
                                  const StepControl* control) {
  const std::size_t i = blockIdx.x * static_cast<std::size_t>(kThreads) + threadIdx.x;
  if (i < n) sum[i] += weighted(gradient[i], micro_batch_weight(*control, scored));
}

__global__ void average_parts_kernel(float* sum, std::size_t n, Scored scored,
                                     const StepControl* control) {
  const std::size_t i = blockIdx.x * static_cast<std::size_t>(kThreads) + threadIdx.x;
  if (i < n) sum[i] = mean_of_parts(sum[i], share_weight(*control, scored));
}

}  // namespace

void accumulate(Schedule& schedule, const std::string& name, BufferId sum, std::size_t offset,
                BufferId gradient, std::size_t n, Scored scored, BufferId control) {
  Step step = accumulate_step(name, sum, gradient, n, control);
  const cudaStream_t stream = gpu_of(schedule).stream();
  step.bind = [=](const Memory& memory) -> Run {
    auto* to = memory.at<float>(sum) + offset;
    const auto* from = memory.at<const float>(gradient);
    const auto* c = memory.at<const StepControl>(control);
    return [=] {
      launch(stream, blocks_for(n, kThreads), kThreads, accumulate_kernel, to, from, n, scored, c);
    };
  };
  schedule.add(std::move(step));
}

void average_parts(Schedule& schedule, const std::string& name, BufferId sum, std::size_t n,
                   Scored scored, BufferId control) {
  Step step = average_parts_step(name, sum, n, control);
  const cudaStream_t stream = gpu_of(schedule).stream();
  step.bind = [=](const Memory& memory) -> Run {
    auto* values = memory.at<float>(sum);
    const auto* c = memory.at<const StepControl>(control);
    return [=] {
      launch(stream, blocks_for(n, kThreads), kThreads, average_parts_kernel, values, n, scored, c);
    };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cuda
