#include "memory/groups.hpp"

#include <algorithm>

#include "memory/placement.hpp"

namespace mapnet {

std::vector<Group> groups_of(const Plan& plan) {
  std::vector<Group> groups;
  std::vector<std::vector<Block>> blocks;  // of each group
  for (const Lifetime& b : plan.buffers) {
    const auto known = std::find_if(groups.begin(), groups.end(),
                                    [&](const Group& g) { return g.name == b.group; });
    const auto at = static_cast<std::size_t>(known - groups.begin());
    if (known == groups.end()) {
      groups.push_back({.name = b.group});
      blocks.emplace_back();
    }
    ++groups[at].buffers;
    groups[at].bytes += b.bytes;
    blocks[at].push_back({b.bytes, 1, b.first, b.last});
  }
  for (std::size_t at = 0; at < groups.size(); ++at)
    groups[at].peak_bytes = peak_live_bytes(blocks[at]);
  return groups;
}

}  // namespace mapnet
