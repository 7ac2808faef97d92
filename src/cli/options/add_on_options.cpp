#include <CLI/CLI.hpp>

#include "cli/options/groups.hpp"

namespace mapnet {

void add_add_on_options(CLI::App& command, AddOnsConfig& c) {
  command.add_option("--lrd", c.low_rank, "fully connected layers as low-rank factors: fc1:32,...");
  command.add_option("--prune", c.prune, "share of the parameters to remove by magnitude, as 0.9");
  command.add_option("--prune-scope", c.prune_scope,
                     "who competes: global (all of theta), tensor  [global]");
  command.add_option("--prune-at", c.prune_at,
                     "share of the training before it; the rest is masked fine-tuning  [0.5]");
  command.add_option("--quantize", c.quantize, "none, int8: after training, beside float32")
      ->capture_default_str();
}

}  // namespace mapnet
