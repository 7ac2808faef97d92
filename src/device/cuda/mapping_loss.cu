#include "device/cuda/gpu.hpp"
#include "device/cuda/launch.hpp"
#include "device/ops/mapping_loss.hpp"
#include "device/ops/step_control.hpp"

namespace mapnet::cuda {

namespace {

__global__ void lambda_kernel(MappingLossState* loss, LambdaMode mode, const StepControl* control) {
  const AdamRates rates = {control->now.adam_rate, control->now.adam_inverse_root};
  finish_loss_term(loss->terms[threadIdx.x], mode, {}, rates);
  if (threadIdx.x == 0) loss->steps += 1;
}

}  // namespace

void lambda_step(Schedule& schedule, const std::string& name, LambdaMode mode, BufferId loss,
                 BufferId control) {
  Step step;
  step.name = name;
  step.reads = {loss, control};
  step.writes = {loss};
  const cudaStream_t stream = gpu_of(schedule).stream();
  step.bind = [=](const Memory& memory) -> Run {
    auto* state = memory.at<MappingLossState>(loss);
    const auto* c = memory.at<const StepControl>(control);
    return [=] { launch(stream, 1, kLossTerms, lambda_kernel, state, mode, c); };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cuda
