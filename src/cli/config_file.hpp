#pragma once

#include <string>

namespace CLI {
class App;
}

namespace mapnet {

/// Gives a command's options the values of a TOML file, whose keys are the options' names without
/// the dashes; what was given on the command line stays. Call after parsing. Throws UsageError
/// naming file, line and key for an unknown key or a bad value.
void read_config_file(CLI::App& command, const std::string& file);

}  // namespace mapnet
