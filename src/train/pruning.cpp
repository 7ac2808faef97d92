#include "train/pruning.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "device/ops/prune.hpp"

namespace mapnet {

namespace {

/// Orders as |value| does, and says something for a NaN, too: it is the largest.
std::uint32_t magnitude(float value) { return std::bit_cast<std::uint32_t>(value) & 0x7fffffffu; }

/// Sets the bits of the smallest among theta[offset ... offset + size - 1].
void add_smallest(std::vector<std::uint32_t>& bits, std::span<const float> theta,
                  std::size_t offset, std::size_t size, const Pruning& pruning) {
  std::vector<std::size_t> order(size);
  std::iota(order.begin(), order.end(), offset);
  const auto kept = order.begin() + static_cast<std::ptrdiff_t>(kept_of(size, pruning));
  std::nth_element(order.begin(), kept, order.end(), [&](std::size_t a, std::size_t b) {
    const std::uint32_t of_a = magnitude(theta[a]), of_b = magnitude(theta[b]);
    return of_a != of_b ? of_a > of_b : a < b;
  });
  std::for_each(kept, order.end(), [&](std::size_t j) { bits[j / 32] |= 1u << (j % 32); });
}

}  // namespace

std::size_t kept_of(std::size_t n, const Pruning& pruning) {
  return static_cast<std::size_t>(std::llround(static_cast<double>(n) * (1.0 - pruning.share)));
}

std::vector<std::uint32_t> pruned_bits(std::span<const float> theta, const Network& net,
                                       const Pruning& pruning) {
  std::vector<std::uint32_t> bits(pruned_words(theta.size()), 0);
  if (pruning.scope == PruneScope::global)
    add_smallest(bits, theta, 0, theta.size(), pruning);
  else
    for (const ParamTensor& p : net.params) add_smallest(bits, theta, p.offset, p.size, pruning);
  return bits;
}

}  // namespace mapnet
