#include "device/ops/batch_step.hpp"

namespace mapnet::cpu {

namespace {

template <class Update>
void add_batch_step(Schedule& schedule, const std::string& name, BufferId batches, BufferId control,
                    const Update& update) {
  Step step = batch_step(name, batches, control);
  step.bind = [=, n = batch_count(schedule, batches)](const Memory& memory) -> Run {
    const auto* inputs = memory.at<const BatchInput>(batches);
    auto* c = memory.at<StepControl>(control);
    return [=] { update(*c, inputs[c->next % n]); };
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

}  // namespace mapnet::cpu
