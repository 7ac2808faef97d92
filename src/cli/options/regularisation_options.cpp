#include <CLI/CLI.hpp>

#include "cli/options/groups.hpp"

namespace mapnet {

void add_regularisation_options(CLI::App& command, Regularisation& r) {
  command.add_option("--augment-shift", r.shift, "pixels a training image moves at most  [0]");
  command.add_flag("--augment-flip", r.flip, "mirror half of the training images");
  command.add_option("--cutout", r.cutout, "side of a square cut out of each training image  [0]");
  command.add_option("--label-smoothing", r.label_smoothing,
                     "share of a target spread over all classes  [0]");
  command.add_option("--weight-decay", r.weight_decay,
                     "decoupled decay of the trained values, as AdamW's  [0]");
  command.add_option("--weight-decay-theta", r.weight_decay_theta,
                     "L2 penalty on the generated weights  [0]");
  command.add_option(
      "--ema", r.ema,
      "decay a step of the average of the trained values, and of running statistics, that is "
      "evaluated  [0: off]");
}

}  // namespace mapnet
