#pragma once

#include <algorithm>
#include <cstddef>

namespace mapnet {

/// Of the samples of a batch those that one rank takes: `count` from `begin` on.
struct RankShare {
  std::size_t begin = 0, count = 0;
};

/// Shares of n samples for `ranks` ranks: one after another, as even as can be, the first the
/// larger ones. Of a batch smaller than the number of ranks the last have none.
constexpr RankShare rank_share(std::size_t n, int rank, int ranks) {
  const auto r = static_cast<std::size_t>(rank), all = static_cast<std::size_t>(ranks);
  const std::size_t each = n / all, larger = n % all;
  return {r * each + std::min(r, larger), each + (r < larger ? 1 : 0)};
}

/// The largest share of a full batch: what a rank has room for.
constexpr int largest_share(int batch, int ranks) {
  return static_cast<int>(rank_share(static_cast<std::size_t>(batch), 0, ranks).count);
}

}  // namespace mapnet
