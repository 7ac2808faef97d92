#include "train/target_network.hpp"

namespace mapnet {

Network target_network(const RunConfig& config, const NetworkInput& input) {
  return with_low_rank(build_network(config.net, input), parse_low_rank(config.add_ons.low_rank));
}

Network target_network(const Recipe& recipe, const NetworkInput& input) {
  return with_low_rank(build_network(recipe.net, input), recipe.add_ons.low_rank);
}

}  // namespace mapnet
