#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "device/host_device.hpp"
#include "device/schedule.hpp"

namespace mapnet {

/// Words of the bits that say which of n values are pruned: bit j % 32 of word j / 32 is set where
/// value j is. The bits beyond n are zero.
constexpr std::size_t pruned_words(std::size_t n) { return (n + 31) / 32; }

MAPNET_HOST_DEVICE inline bool is_pruned(const std::uint32_t* words, std::size_t j) {
  return (words[j / 32] >> (j % 32) & 1u) != 0;
}

/// Adds the step values[j] = 0 for each pruned j of n, in place; the others keep their bits.
/// `pruned`: uint32 [pruned_words(n)]. Masks a vector in the forward pass, and in the backward pass
/// its gradient, of which it is its own adjoint.
void prune(Schedule& schedule, const std::string& name, BufferId values, BufferId pruned,
           std::size_t n);

}  // namespace mapnet
