#pragma once

#include <cstdint>

namespace mapnet {

/// The few numbers that change from one step to the next. The trainer writes the first group before
/// it walks a phase; the steps add to the second. Lies in the arena, where the steps read it.
struct StepControl {
  std::int64_t first = 0;  ///< position in the sample order of this batch's first sample
  std::int32_t count = 0;  ///< real samples in this batch; the rest is padding
  float adam_rate = 0;     ///< AdamRates of this step
  float adam_inverse_root = 1;
  float pixel_scale = 1.0f / 255.0f;  ///< x = pixel * pixel_scale + pixel_shift
  float pixel_shift = 0;

  double loss_sum = 0;       ///< over the samples seen since the trainer last cleared it
  std::int64_t correct = 0;  ///< arg-max hits among them
  std::int64_t seen = 0;
};

}  // namespace mapnet
