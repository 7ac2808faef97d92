#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace mapnet {

/// Every planned offset is a multiple of this at least: a cache line, and one AVX-512 vector.
inline constexpr std::size_t kArenaAlignment = 64;

/// One buffer the arena has to hold from step `first` to step `last`, both included.
struct Lifetime {
  std::string name;
  std::string group;  ///< what the report sums by: "data", "latent", "activations", "workspace" ...
  std::size_t bytes = 0;
  std::size_t alignment = kArenaAlignment;  ///< a power of two
  int first = 0;
  int last = 0;
};

/// Where each buffer lies. Buffers whose lifetimes overlap never share a byte.
struct Plan {
  std::vector<Lifetime> buffers;     ///< in the order given
  std::vector<std::size_t> offsets;  ///< bytes from the start of the arena, one a buffer
  std::size_t total = 0;             ///< bytes of the arena
  std::size_t lower_bound = 0;       ///< largest sum of simultaneously live (rounded) bytes
};

/// Sizes are rounded up to kArenaAlignment; no plan can be smaller than this.
std::size_t arena_lower_bound(const std::vector<Lifetime>& buffers);

/// Places every buffer. Pure and deterministic: the same list gives the same offsets on every
/// machine. What is held from the first step to the last lies at the bottom, empty buffers at 0.
/// The total meets the lower bound on nearly every training step and stays within 2 % of it on all
/// those tested; alignments above kArenaAlignment may cost padding beyond that. Offsets are aligned
/// from the start of the arena, so addresses are up to the arena's own alignment, a page. Throws
/// Error naming the buffer on a malformed lifetime (last < first, alignment not a power of two) and
/// on sizes that add up beyond what a size_t holds.
Plan plan_arena(std::vector<Lifetime> buffers);

/// Places every buffer after the one before, nothing shared: a debugging twin of plan_arena, since
/// a run must give the same bits under both.
Plan plan_arena_without_reuse(std::vector<Lifetime> buffers);

}  // namespace mapnet
