#include "device/ops/step_control.hpp"

namespace mapnet::cpu {

void next_batch(Schedule& schedule, const std::string& name, BufferId batches, BufferId control) {
  Step step;
  step.name = name;
  step.reads = {batches};
  step.writes = {control};
  step.bind = [=](const Memory& memory) -> Run {
    const auto* inputs = memory.at<const BatchInput>(batches);
    auto* c = memory.at<StepControl>(control);
    return [=] { c->now = inputs[c->next++]; };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cpu
