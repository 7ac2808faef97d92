#pragma once

#include <cstdint>

namespace mapnet {

/// How a trajectory is recorded and drawn.
struct TrajectoryOptions {
  std::int64_t snapshot_every = 0;  ///< steps
  double perplexity = 30;           ///< of t-SNE
  std::uint64_t seed = 1;           ///< likewise
};

}  // namespace mapnet
