#include "device/program.hpp"

#include <utility>

namespace mapnet {

Program::Program(const Schedule& schedule, Plan plan)
    : plan_(std::move(plan)),
      device_(schedule.device()),
      executor_(device_->allocate(plan_.total)),
      memory_(executor_->data(), plan_.offsets) {
  recordable_.fill(true);
  for (const Step& step : schedule.steps()) {
    const auto phase = static_cast<std::size_t>(step.phase);
    steps_[phase].push_back({step.name, step.flops, step.bytes});
    runs_[phase].push_back(step.bind(memory_));
    recordable_[phase] = recordable_[phase] && step.recordable;
  }
}

}  // namespace mapnet
