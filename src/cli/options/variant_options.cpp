#include <CLI/CLI.hpp>

#include "cli/options/groups.hpp"

namespace mapnet {

void add_variant_options(CLI::App& command, VariantConfig& c) {
  command.add_option("--variant", c.name,
                     "of table 7: wm-off (no modulation), lv-wmap (a modulating vector is trained "
                     "too), lv-fulldnn (z and the map are trained), full-dnn (a map with a hidden "
                     "layer is trained, z is not)");
  command.add_option("--hidden", c.hidden, "full-dnn: units of its hidden layer  [61]");
}

}  // namespace mapnet
