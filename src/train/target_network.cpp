#include "train/target_network.hpp"

#include "common/error.hpp"

namespace mapnet {

Network target_network(const RunConfig& config, const NetworkInput& input) {
  return with_low_rank(build_network(config.net, input), parse_low_rank(config.add_ons.low_rank));
}

Network target_network(const Recipe& recipe, const NetworkInput& input) {
  return with_low_rank(build_network(recipe.net, input), recipe.add_ons.low_rank);
}

void require_samples_for(const Network& net, const Dataset& d) {
  if (d.task != net.task)
    fail<UsageError>("{} {}; {} is a data set to {}", net.name, task_verb(net.task), d.name,
                     task_name(d.task));
  if (d.channels != net.channels || d.height != net.height || d.width != net.width ||
      d.classes != net.classes)
    fail<UsageError>("{} has samples [{}, {}, {}] of {} {}; {} was made for [{}, {}, {}] of {}",
                     d.name, d.channels, d.height, d.width, d.classes,
                     d.task == Task::forecast ? "values" : "classes", net.name, net.channels,
                     net.height, net.width, net.classes);
}

}  // namespace mapnet
