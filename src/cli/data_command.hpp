#pragma once

namespace CLI {
class App;
}

namespace mapnet {

/// `mapnet data list | fetch NAME | check NAME [--data-dir DIR]`. The commands run while the
/// arguments are parsed and throw UsageError or Error.
void add_data_command(CLI::App& app);

}  // namespace mapnet
