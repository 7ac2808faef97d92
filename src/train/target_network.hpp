#pragma once

#include "train/recipe.hpp"

namespace mapnet {

/// The network a run trains, for an input [channels, height, width]: the one of its name with what
/// its add-ons change. Throws UsageError for an unknown network and for layers it does not have.
Network target_network(const RunConfig& config, int channels, int height, int width, int classes);
Network target_network(const Recipe& recipe, int channels, int height, int width, int classes);

}  // namespace mapnet
