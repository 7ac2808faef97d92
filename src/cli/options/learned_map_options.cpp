#include <CLI/CLI.hpp>

#include "cli/options/groups.hpp"

namespace mapnet {

void add_learned_map_options(CLI::App& command, LearnedMapConfig& c) {
  command.add_option("--map-data", c.data,
                     "of a learned map: the data set it is learned from  [that of --data]");
  command.add_option("--map-samples", c.samples,
                     "of a learned map: training samples it may see  [all that are trained on]");
  command.add_option(
      "--map-epochs", c.epochs,
      "trajectory, kronecker: epochs of direct training that it is learned from; 0: from "
      "gradients at its start  [trajectory 8, kronecker 0]");
  command.add_option(
      "--map-batch", c.batch,
      "gradient, kronecker: samples of a sketched gradient  [--batch; kronecker 1, or at "
      "most 32 where the network normalises over a batch]");
  command.add_option(
      "--map-sketches", c.sketches,
      "sketched gradients, or snapshots of a direct training, about  [as many as the "
      "largest block has latents; kronecker 1024; trajectory half as many more, at least 128]");
  command.add_option("--map-seed", c.seed,
                     "of a learned map: the start and the samples it is learned from  [--seed]");
}

}  // namespace mapnet
