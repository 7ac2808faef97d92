#include <CLI/CLI.hpp>

#include "cli/options/groups.hpp"

namespace mapnet {

void add_loss_options(CLI::App& command, MappingLossConfig& c) {
  command.add_option("--loss", c.terms, "terms of eq. 26 joined by +: task, stab, smooth, align")
      ->capture_default_str();
  command.add_option("--lambdas", c.lambdas, "initial weight of each term after task")
      ->delimiter(',');
  command.add_option("--lambda-mode", c.mode,
                     "how the weights are trained: fixed, plain, floor, uncertainty  [floor]");
  command.add_option("--stab-std", c.stability_std, "spread of eq. 28's perturbation of z  [0.1]");
  command.add_option("--stab-fraction", c.stability_fraction,
                     "of a batch that goes through the perturbed network; all of it for a network "
                     "that normalises  [1]");
}

}  // namespace mapnet
