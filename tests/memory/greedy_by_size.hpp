#pragma once

#include <algorithm>
#include <numeric>
#include <vector>

#include "memory/placement.hpp"
#include "memory/plan.hpp"

namespace mapnet::test {

/// Total bytes under the method of TFLite Micro's GreedyMemoryPlanner: the largest buffer first, of
/// equals the one given first, each in the lowest gap between those placed before that are live
/// when it is. What the planner is to be no worse than.
inline std::size_t greedy_by_size(const std::vector<Lifetime>& buffers) {
  std::vector<std::size_t> order(buffers.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return buffers[a].bytes > buffers[b].bytes;
  });
  struct Placed {
    std::size_t begin, end;
    int first, last;
  };
  std::vector<Placed> placed;
  std::size_t total = 0;
  for (const std::size_t i : order) {
    const Lifetime& b = buffers[i];
    const std::size_t bytes = round_up(b.bytes, kArenaAlignment);
    if (bytes == 0) continue;
    std::vector<Placed> beside;
    for (const Placed& p : placed)
      if (p.first <= b.last && b.first <= p.last) beside.push_back(p);
    std::ranges::sort(beside, {}, &Placed::begin);
    const std::size_t alignment = std::max(b.alignment, kArenaAlignment);
    std::size_t begin = 0;
    for (const Placed& p : beside) {
      if (begin + bytes <= p.begin) break;
      begin = std::max(begin, round_up(p.end, alignment));
    }
    placed.push_back({begin, begin + bytes, b.first, b.last});
    total = std::max(total, begin + bytes);
  }
  return total;
}

}  // namespace mapnet::test
