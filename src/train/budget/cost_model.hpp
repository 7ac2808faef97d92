#pragma once

#include "train/run_schedule.hpp"

namespace mapnet {

/// How long a training step takes, by a model that is the same on every machine: so are the
/// choices made by it. It ranks schedules of one run against each other; how many seconds pass is
/// the machine's business. Each step of the schedule takes a little to begin, its operations, and
/// the bytes it moves.
struct StepCost {
  double seconds = 0;  ///< of a whole batch, on the machine the model was made for
  double flops = 0, bytes = 0;
};

/// Of one rank's share of a full batch of `recipe`.
StepCost cost_of_step(const RunSchedule& run, const Recipe& recipe, const SampleFormat& format);

}  // namespace mapnet
