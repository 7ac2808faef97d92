#include "memory/placement.hpp"

#include <algorithm>
#include <cstdint>

namespace mapnet {

std::size_t peak_live_bytes(std::span<const Block> blocks) {
  struct Event {
    std::int64_t step;  // wide enough for the step after the last
    bool starts;
    std::size_t bytes;
  };
  std::vector<Event> events;
  events.reserve(2 * blocks.size());
  for (const Block& b : blocks) {
    events.push_back({b.first, true, b.bytes});
    events.push_back({std::int64_t{b.last} + 1, false, b.bytes});
  }
  // What ends before a step is gone when the step's own buffers come.
  std::sort(events.begin(), events.end(), [](const Event& a, const Event& b) {
    return a.step != b.step ? a.step < b.step : a.starts < b.starts;
  });
  std::size_t live = 0, peak = 0;
  for (const Event& e : events) {
    live = e.starts ? live + e.bytes : live - e.bytes;
    peak = std::max(peak, live);
  }
  return peak;
}

std::optional<Placement> first_fit(std::span<const Block> blocks,
                                   std::span<const std::size_t> order, std::size_t floor,
                                   std::size_t limit) {
  struct Slot {
    std::size_t begin, end;
    int first, last;
  };
  std::vector<Slot> placed;  // by rising begin
  placed.reserve(blocks.size());
  Placement result{std::vector<std::size_t>(blocks.size()), floor};
  for (const std::size_t i : order) {
    const Block& b = blocks[i];
    std::size_t begin = round_up(floor, b.alignment);
    for (const Slot& s : placed) {
      if (s.last < b.first || b.last < s.first) continue;  // never live together
      if (begin + b.bytes <= s.begin) break;               // the gap below s is wide enough
      begin = std::max(begin, round_up(s.end, b.alignment));
    }
    const Slot slot{begin, begin + b.bytes, b.first, b.last};
    if (slot.end > limit) return std::nullopt;
    const auto above =
        std::upper_bound(placed.begin(), placed.end(), slot,
                         [](const Slot& x, const Slot& y) { return x.begin < y.begin; });
    placed.insert(above, slot);
    result.offsets[i] = begin;
    result.total = std::max(result.total, slot.end);
  }
  return result;
}

}  // namespace mapnet
