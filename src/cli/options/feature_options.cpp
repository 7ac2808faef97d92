#include <CLI/CLI.hpp>

#include "cli/options/groups.hpp"

namespace mapnet {

void add_feature_options(CLI::App& command, FeaturesConfig& c) {
  command.add_option("--features-weights", c.weights,
                     "of videos: safetensors file of the network whose features are taken");
  command.add_option("--features-net", c.net, "of videos: resnet50, resnet18  [resnet50]");
  command.add_option("--features-frames", c.frames,
                     "of videos: frames, evenly spaced; 0: all  [32]");
}

}  // namespace mapnet
