#include "memory/plan.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <numeric>

#include "common/error.hpp"
#include "memory/placement.hpp"
#include "memory/search.hpp"

namespace mapnet {

namespace {

// Adds up every size and its worst padding: if that fits in a size_t, no sum below can overflow.
void check(const std::vector<Lifetime>& buffers) {
  std::size_t room = std::numeric_limits<std::size_t>::max();
  for (const Lifetime& b : buffers) {
    if (b.last < b.first)
      fail("buffer '{}': expected last use >= first use, found first {} and last {}", b.name,
           b.first, b.last);
    if (!std::has_single_bit(b.alignment))
      fail("buffer '{}': expected an alignment that is a power of two, found {}", b.name,
           b.alignment);
    const std::size_t padding = std::max(b.alignment, kArenaAlignment) + kArenaAlignment;
    if (b.bytes > room || padding > room - b.bytes)
      fail("buffer '{}': expected at most {} bytes, all an address can still reach, found {}",
           b.name, room, b.bytes);
    room -= b.bytes + padding;
  }
}

Block rounded(const Lifetime& b) {
  return {round_up(b.bytes, kArenaAlignment), std::max(b.alignment, kArenaAlignment), b.first,
          b.last};
}

std::vector<Block> rounded(const std::vector<Lifetime>& buffers) {
  std::vector<Block> blocks;
  for (const Lifetime& b : buffers) blocks.push_back(rounded(b));
  return blocks;
}

Plan new_plan(std::vector<Lifetime> buffers) {
  Plan plan;
  plan.lower_bound = arena_lower_bound(buffers);
  plan.offsets.resize(buffers.size());
  plan.buffers = std::move(buffers);
  return plan;
}

// Puts `chosen` one above the other from plan.total up.
void stack(Plan& plan, const std::vector<std::size_t>& chosen) {
  for (const std::size_t i : chosen) {
    const Block b = rounded(plan.buffers[i]);
    if (b.bytes == 0) continue;
    plan.offsets[i] = round_up(plan.total, b.alignment);
    plan.total = plan.offsets[i] + b.bytes;
  }
}

}  // namespace

std::size_t arena_lower_bound(const std::vector<Lifetime>& buffers) {
  check(buffers);
  return peak_live_bytes(rounded(buffers));
}

Plan plan_arena(std::vector<Lifetime> buffers) {
  Plan plan = new_plan(std::move(buffers));
  const std::vector<Block> blocks = rounded(plan.buffers);
  int begin = std::numeric_limits<int>::max(), end = std::numeric_limits<int>::min();
  for (const Block& b : blocks) {
    begin = std::min(begin, b.first);
    end = std::max(end, b.last);
  }

  // What is held from the first step to the last can lie at the bottom of any plan at no cost, so
  // only the rest is searched. Strictest alignment first wastes the least padding.
  std::vector<std::size_t> held, reused;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (blocks[i].bytes == 0) continue;
    (blocks[i].first == begin && blocks[i].last == end ? held : reused).push_back(i);
  }
  std::stable_sort(held.begin(), held.end(), [&](std::size_t a, std::size_t b) {
    return blocks[a].alignment > blocks[b].alignment;
  });
  stack(plan, held);

  std::vector<Block> searched;
  for (const std::size_t i : reused) searched.push_back(blocks[i]);
  const Placement found = search_placement(searched, plan.total, plan.lower_bound);
  for (std::size_t k = 0; k < reused.size(); ++k) plan.offsets[reused[k]] = found.offsets[k];
  plan.total = found.total;
  return plan;
}

Plan plan_arena_without_reuse(std::vector<Lifetime> buffers) {
  Plan plan = new_plan(std::move(buffers));
  std::vector<std::size_t> all(plan.buffers.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  stack(plan, all);
  return plan;
}

}  // namespace mapnet
