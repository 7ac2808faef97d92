#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>

namespace mapnet {

/// Linear warm-up over `warmup_steps`, then half a cosine down to zero at `total_steps`. `step`
/// from 0.
inline double learning_rate(double peak, std::int64_t step, std::int64_t warmup_steps,
                            std::int64_t total_steps) {
  if (step < warmup_steps)
    return peak * static_cast<double>(step + 1) / static_cast<double>(warmup_steps);
  const double span = static_cast<double>(std::max<std::int64_t>(1, total_steps - warmup_steps));
  const double progress = static_cast<double>(step - warmup_steps) / span;
  return 0.5 * peak * (1.0 + std::cos(std::numbers::pi * std::min(1.0, progress)));
}

}  // namespace mapnet
