#pragma once

#include <array>
#include <string>
#include <vector>

#include "device/schedule.hpp"
#include "memory/arena.hpp"
#include "memory/plan.hpp"

namespace mapnet {

/// A schedule with its plan and its one arena: every step bound to addresses, ready to be walked.
class Program {
 public:
  /// Allocates the arena and binds the steps. Runs nothing.
  Program(const Schedule& schedule, Plan plan);

  /// Walks the steps of one phase, in order.
  void run(Phase phase) const {
    for (const Bound& step : phases_[static_cast<std::size_t>(phase)]) step.run();
  }

  struct Bound {
    std::string name;
    double flops = 0, bytes = 0;
    Run run;
  };
  const std::vector<Bound>& steps(Phase phase) const {
    return phases_[static_cast<std::size_t>(phase)];
  }

  const Memory& memory() const { return memory_; }
  const Plan& plan() const { return plan_; }
  Program(const Program&) = delete;  // bound steps hold addresses into plan_ and arena_
  Program& operator=(const Program&) = delete;

 private:
  Plan plan_;
  Arena arena_;
  Memory memory_;
  std::array<std::vector<Bound>, kPhases> phases_;
};

}  // namespace mapnet
