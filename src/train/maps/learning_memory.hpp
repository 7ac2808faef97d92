#pragma once

#include "train/recipe.hpp"

namespace mapnet {

/// Bytes that a process takes at most while the recipe's map is learned, before the run's own arena
/// is there: the arena of what it is learned from, what goes with that, and the algebra's squares.
/// `dataset`: the run's; another that --map-data names is described, not opened. Plans one
/// schedule. 0 for a map that is not learned. Throws UsageError where --map-data is unknown or of
/// another shape.
std::size_t learning_bytes(const Recipe& recipe, const Network& net, const Dataset& dataset);

}  // namespace mapnet
