#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "nets/network.hpp"
#include "train/recipe/add_ons.hpp"

/// Which parameters a pruning removes.
namespace mapnet {

/// Of n parameters, those that stay: n (1 - share), rounded to nearest.
std::size_t kept_of(std::size_t n, const Pruning& pruning);

/// Bits as device/ops/prune.hpp reads them: set but for the kept_of(P) largest magnitudes of theta
/// [P], or, with PruneScope::tensor, the kept_of(size) largest of each of the network's tensors. Of
/// equal magnitudes the first stays; weights and biases compete alike.
std::vector<std::uint32_t> pruned_bits(std::span<const float> theta, const Network& net,
                                       const Pruning& pruning);

}  // namespace mapnet
