#include <CLI/CLI.hpp>

#include "cli/options/groups.hpp"

namespace mapnet {

void add_finetune_options(CLI::App& command, FinetuneConfig& c) {
  command.add_option("--pretrained", c.pretrained,
                     "safetensors file of weights to begin with: frozen, and shifted (eq. 25)");
  command.add_option("--finetune", c.layers, "layers that are shifted: all, or as fc1,fc2  [all]")
      ->delimiter(',');
  command.add_option("--share", c.share, "consecutive weights a modulation element shifts  [1]");
  command
      .add_option("--finetune-alpha", c.alpha,
                  "scale of the shifts: 0.5, or a layer's own, as fc1:0.5,fc2:1  [1]")
      ->delimiter(',');
}

}  // namespace mapnet
