#include <CLI/CLI.hpp>

#include "cli/options/groups.hpp"

namespace mapnet {

void add_refresh_options(CLI::App& command, RefreshConfig& c) {
  command.add_option(
      "--refresh", c.every,
      "steps after which the map is drawn anew, theta kept (not the paper's)  [never]");
}

}  // namespace mapnet
