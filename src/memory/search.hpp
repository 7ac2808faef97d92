#pragma once

#include <cstddef>
#include <span>

#include "memory/placement.hpp"

namespace mapnet {

/// The lowest placement above `floor` that greedy orders and then seeded local searches find, one
/// from the large blocks to the small and one among all. Stops as soon as the total meets `bound`;
/// else spends a fixed number of rounds, so the answer depends on the blocks alone and never on the
/// clock.
Placement search_placement(std::span<const Block> blocks, std::size_t floor, std::size_t bound);

}  // namespace mapnet
