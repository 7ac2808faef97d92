#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "device/ops/mean_over_ranks.hpp"
#include "device/ops/step_control.hpp"
#include "device/schedule.hpp"

/// A batch that goes through the network a part at a time: the gradient of its mean loss is the
/// mean of the parts' gradients, each weighted by what it counted for. Activations are of one part
/// alone.
namespace mapnet {

struct MicroBatchDesc {
  int size = 0;         ///< samples of a part
  bool window = false;  ///< the samples at hand are those of the part, not of the whole epoch
};

/// What the present part counts for in the mean over its batch.
MAPNET_HOST_DEVICE inline float micro_batch_weight(const StepControl& control, Scored scored) {
  return static_cast<float>(
      scored == Scored::samples ? control.now.count : control.scored - control.scored_before_micro);
}

/// A sum over all parts of a batch that counts for `weight`, as a mean. Nothing counted: no
/// gradient.
MAPNET_HOST_DEVICE inline float mean_of_parts(float sum, float weight) {
  return weight > 0 ? sum / weight : 0.0f;
}

/// Adds the step that begins the next part of batch control.next (see next_batch, which is not used
/// beside it).
void next_micro_batch(Schedule& schedule, const std::string& name, const MicroBatchDesc& desc,
                      BufferId batches, BufferId control);

/// Adds the step that comes behind a batch's last part: control.now is the whole batch, and
/// control.next the one behind it.
void end_micro_batches(Schedule& schedule, const std::string& name, BufferId batches,
                       BufferId control);

/// Adds the step sum [offset ... offset + n] += weight * gradient [n], the weight that of the
/// present part.
void accumulate(Schedule& schedule, const std::string& name, BufferId sum, std::size_t offset,
                BufferId gradient, std::size_t n, Scored scored, BufferId control);

/// Adds the step that makes the sum [n] over all parts their mean. Behind end_micro_batches.
void average_parts(Schedule& schedule, const std::string& name, BufferId sum, std::size_t n,
                   Scored scored, BufferId control);

/// What both twins say of these two steps: all but how they are bound.
inline Step accumulate_step(const std::string& name, BufferId sum, BufferId gradient, std::size_t n,
                            BufferId control) {
  Step step;
  step.name = name;
  step.reads = {gradient, control, sum};
  step.writes = {sum};
  step.bytes = 3.0 * sizeof(float) * static_cast<double>(n);
  return step;
}

inline Step average_parts_step(const std::string& name, BufferId sum, std::size_t n,
                               BufferId control) {
  Step step;
  step.name = name;
  step.reads = {sum, control};
  step.writes = {sum};
  step.bytes = 2.0 * sizeof(float) * static_cast<double>(n);
  return step;
}

}  // namespace mapnet
