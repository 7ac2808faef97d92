#include "device/program.hpp"

#include <utility>

namespace mapnet {

Program::Program(const Schedule& schedule, Plan plan)
    : plan_(std::move(plan)), arena_(plan_.total), memory_(arena_.data(), plan_.offsets) {
  for (const Step& step : schedule.steps())
    phases_[static_cast<std::size_t>(step.phase)].push_back(
        {step.name, step.flops, step.bytes, step.bind(memory_)});
}

}  // namespace mapnet
