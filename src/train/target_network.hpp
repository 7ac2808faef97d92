#pragma once

#include "data/dataset.hpp"
#include "train/recipe.hpp"

namespace mapnet {

/// The network a run trains, for an input: the one of its name with what
/// its add-ons change. Throws UsageError for an unknown network and for layers it does not have.
Network target_network(const RunConfig& config, const NetworkInput& input);
Network target_network(const Recipe& recipe, const NetworkInput& input);

/// Throws UsageError where the data set is not of the network's task, its input's shape and its
/// outputs: buffers are made for these.
void require_samples_for(const Network& net, const Dataset& dataset);

}  // namespace mapnet
