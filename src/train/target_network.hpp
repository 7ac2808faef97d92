#pragma once

#include "train/recipe.hpp"

namespace mapnet {

/// The network a run trains, for an input: the one of its name with what
/// its add-ons change. Throws UsageError for an unknown network and for layers it does not have.
Network target_network(const RunConfig& config, const NetworkInput& input);
Network target_network(const Recipe& recipe, const NetworkInput& input);

}  // namespace mapnet
