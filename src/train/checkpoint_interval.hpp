#pragma once

#include <cstdint>
#include <string>

namespace mapnet {

/// How often a training is saved: after so many steps or so much time; zero: only when it is
/// stopped.
struct CheckpointInterval {
  std::int64_t steps = 0;
  double seconds = 0;
};

/// "200" steps, "90s", "10min", "2h", or "never". Throws UsageError.
CheckpointInterval parse_checkpoint_interval(const std::string& text);

}  // namespace mapnet
