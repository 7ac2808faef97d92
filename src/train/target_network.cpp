#include "train/target_network.hpp"

namespace mapnet {

Network target_network(const RunConfig& config, int channels, int height, int width, int classes) {
  return with_low_rank(build_network(config.net, {channels, height, width, classes}),
                       parse_low_rank(config.add_ons.low_rank));
}

Network target_network(const Recipe& recipe, int channels, int height, int width, int classes) {
  return with_low_rank(build_network(recipe.net, {channels, height, width, classes}),
                       recipe.add_ons.low_rank);
}

}  // namespace mapnet
