#pragma once

#include <cstddef>
#include <limits>
#include <optional>
#include <span>
#include <vector>

namespace mapnet {

/// A buffer as the planner sees it: a rectangle `bytes` high from step `first` to step `last`.
struct Block {
  std::size_t bytes = 0;
  std::size_t alignment = 1;
  int first = 0;
  int last = 0;
};

/// Offsets, one a block, and the end of the highest block.
struct Placement {
  std::vector<std::size_t> offsets;
  std::size_t total = 0;
};

constexpr std::size_t round_up(std::size_t bytes, std::size_t alignment) {
  return (bytes + alignment - 1) & ~(alignment - 1);
}

/// The most bytes live at any one step.
std::size_t peak_live_bytes(std::span<const Block> blocks);

/// First fit: takes the blocks in `order` and puts each at the lowest offset from `floor` up that
/// is free for the whole of its lifetime. Nothing if a block would end above `limit`.
///
/// Some order is optimal: push the blocks of an optimal plan down until each rests on another, sort
/// them by offset, and first fit puts none of them higher. So a search need only look at orders.
std::optional<Placement> first_fit(std::span<const Block> blocks,
                                   std::span<const std::size_t> order, std::size_t floor,
                                   std::size_t limit = std::numeric_limits<std::size_t>::max());

}  // namespace mapnet
