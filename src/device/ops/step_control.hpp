#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "device/schedule.hpp"

namespace mapnet {

/// What changes from one step to the next and is known before an epoch begins.
struct BatchInput {
  std::int64_t first = 0;  ///< position in the sample order of this batch's first sample
  std::int64_t step = 0;   ///< of the whole training, from 0: the counter of a step's random draws
  std::int32_t count = 0;  ///< real samples in this batch; the rest is padding
  float adam_rate = 0;     ///< AdamRates of this step
  float adam_inverse_root = 1;
  float lr = 0;          ///< learning rate of this step, for weight decay
  float ema_weight = 1;  ///< of this step's values in their average
  std::int32_t row = 0;  ///< of the whole batch, where this is a rank's share: its first sample's
};

/// Channels an image has at most.
inline constexpr int kMaxImageChannels = 4;

/// The few numbers steps share: what this one is about, and sums over the steps. Lies in the arena.
struct StepControl {
  BatchInput now;
  std::int64_t next = 0;  ///< batch the next step takes
  /// Of each channel c: x = pixel * pixel_scale[c] + pixel_shift[c].
  float pixel_scale[kMaxImageChannels] = {1 / 255.0f, 1 / 255.0f, 1 / 255.0f, 1 / 255.0f};
  float pixel_shift[kMaxImageChannels] = {};

  double loss_sum = 0;       ///< over what was scored since the trainer last cleared it
  std::int64_t correct = 0;  ///< arg-max hits among them
  std::int64_t seen = 0;     ///< samples
  std::int64_t scored = 0;   ///< pixels, where each has a label; 0: samples are what is scored
  std::int64_t scored_before = 0;        ///< the same when this step began
  std::int64_t scored_before_micro = 0;  ///< or this micro-batch
  std::int32_t micro = 0;                ///< micro-batches of this step that are begun
};

/// Adds the step that begins a step of a run: control.now = batches[control.next++], batches an
/// array of BatchInput that the trainer fills before an epoch: so a recorded step does its work
/// without being told which it is. Behind the last it begins again with the first; control.next
/// goes on counting.
void next_batch(Schedule& schedule, const std::string& name, BufferId batches, BufferId control);

}  // namespace mapnet
