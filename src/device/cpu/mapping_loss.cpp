#include "device/ops/mapping_loss.hpp"

#include "device/ops/step_control.hpp"

namespace mapnet::cpu {

void lambda_step(Schedule& schedule, const std::string& name, LambdaMode mode, BufferId loss,
                 BufferId control) {
  Step step;
  step.name = name;
  step.reads = {loss, control};
  step.writes = {loss};
  step.bind = [=](const Memory& memory) -> Run {
    auto* state = memory.at<MappingLossState>(loss);
    const auto* c = memory.at<const StepControl>(control);
    return [=] {
      for (LossTermState& term : state->terms)
        finish_loss_term(term, mode, {}, {c->now.adam_rate, c->now.adam_inverse_root});
      ++state->steps;
    };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cpu
