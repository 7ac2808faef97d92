#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "device/host_device.hpp"
#include "device/ops/step_control.hpp"
#include "device/schedule.hpp"

namespace mapnet {

class Communicator;

/// What the mean loss of a batch is a mean over.
enum class Scored { samples, pixels };

/// Of a share with samples but without a pixel that counts. What the loss does not know of, as
/// weight decay, is in its gradient all the same, and is all there is when no share has such a
/// pixel; beside a share that has one, it is less than rounding.
inline constexpr float kUnscoredWeight = 0x1p-40f;

/// What a rank's share of the present batch counts for in the mean over all.
MAPNET_HOST_DEVICE inline float share_weight(const StepControl& control, Scored scored) {
  if (control.now.count == 0) return 0;
  if (scored == Scored::samples) return static_cast<float>(control.now.count);
  const std::int64_t pixels = control.scored - control.scored_before;
  return pixels > 0 ? static_cast<float>(pixels) : kUnscoredWeight;
}

/// A share without samples has no gradient: whatever it says, it counts as 0.
MAPNET_HOST_DEVICE inline float weighted(float gradient, float weight) {
  return weight > 0 ? weight * gradient : 0.0f;
}

/// Adds the step that turns `gradient` [n + 1], whose first n values are the gradient of the mean
/// loss over this rank's share of a batch, into that of the mean over the whole batch: the same
/// bits on every rank. The last value is room for the weight that travels with them. One exchange
/// of n + 1 float32 values.
void mean_over_ranks(Schedule& schedule, const std::string& name, BufferId gradient, std::size_t n,
                     Scored scored, BufferId control, const std::shared_ptr<Communicator>& ranks);

/// What both twins say of that step: all but how it is bound.
inline Step mean_over_ranks_step(const std::string& name, BufferId gradient, std::size_t n,
                                 BufferId control) {
  Step step;
  step.name = name;
  step.reads = {gradient, control};
  step.writes = {gradient};
  step.bytes = 4.0 * sizeof(float) * static_cast<double>(n);
  return step;
}

}  // namespace mapnet
