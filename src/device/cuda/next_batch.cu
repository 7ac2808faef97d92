#include "device/cuda/gpu.hpp"
#include "device/cuda/launch.hpp"
#include "device/ops/step_control.hpp"

namespace mapnet::cuda {

namespace {

__global__ void next_batch_kernel(StepControl* control, const BatchInput* batches, std::int64_t n) {
  control->now = batches[control->next % n];
  control->next += 1;
  control->scored_before = control->scored;
}

}  // namespace

void next_batch(Schedule& schedule, const std::string& name, BufferId batches, BufferId control) {
  Step step;
  step.name = name;
  step.reads = {batches};
  step.writes = {control};
  const cudaStream_t stream = gpu_of(schedule).stream();
  const auto n = static_cast<std::int64_t>(schedule.buffer_bytes(batches) / sizeof(BatchInput));
  step.bind = [=](const Memory& memory) -> Run {
    auto* c = memory.at<StepControl>(control);
    const auto* inputs = memory.at<const BatchInput>(batches);
    return [=] { launch(stream, 1, 1, next_batch_kernel, c, inputs, n); };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cuda
