#include "device/ops/step_control.hpp"

namespace mapnet::cpu {

void next_batch(Schedule& schedule, const std::string& name, BufferId batches, BufferId control) {
  Step step;
  step.name = name;
  step.reads = {batches};
  step.writes = {control};
  const auto n = static_cast<std::int64_t>(schedule.buffer_bytes(batches) / sizeof(BatchInput));
  step.bind = [=](const Memory& memory) -> Run {
    const auto* inputs = memory.at<const BatchInput>(batches);
    auto* c = memory.at<StepControl>(control);
    return [=] {
      c->now = inputs[c->next++ % n];
      c->scored_before = c->scored;
    };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cpu
