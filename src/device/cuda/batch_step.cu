#include "device/cuda/gpu.hpp"
#include "device/cuda/launch.hpp"
#include "device/ops/batch_step.hpp"

namespace mapnet::cuda {

namespace {

template <class Update>
__global__ void batch_step_kernel(StepControl* control, const BatchInput* batches, std::int64_t n,
                                  Update update) {
  update(*control, batches[control->next % n]);
}

template <class Update>
void add_batch_step(Schedule& schedule, const std::string& name, BufferId batches, BufferId control,
                    const Update& update) {
  Step step = batch_step(name, batches, control);
  const cudaStream_t stream = gpu_of(schedule).stream();
  step.bind = [=, n = batch_count(schedule, batches)](const Memory& memory) -> Run {
    auto* c = memory.at<StepControl>(control);
    const auto* inputs = memory.at<const BatchInput>(batches);
    return [=] { launch(stream, 1, 1, batch_step_kernel<Update>, c, inputs, n, update); };
  };
  schedule.add(std::move(step));
}

}  // namespace

void next_batch(Schedule& schedule, const std::string& name, BufferId batches, BufferId control) {
  add_batch_step(schedule, name, batches, control, NextBatch{});
}

void next_micro_batch(Schedule& schedule, const std::string& name, const MicroBatchDesc& desc,
                      BufferId batches, BufferId control) {
  add_batch_step(schedule, name, batches, control, NextMicroBatch{desc});
}

void end_micro_batches(Schedule& schedule, const std::string& name, BufferId batches,
                       BufferId control) {
  add_batch_step(schedule, name, batches, control, EndMicroBatches{});
}

}  // namespace mapnet::cuda
