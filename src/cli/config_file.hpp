#pragma once

#include <map>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace mapnet {

/// A value that an option has from a file: "FILE:LINE", and its words.
struct ConfigValue {
  std::string at;
  std::vector<std::string> words;
};

/// By the options' names without the dashes.
using ConfigValues = std::map<std::string, ConfigValue>;

/// Gives a command's options the values of a TOML file, whose keys are the options' names without
/// the dashes; what was given on the command line stays. Keys of `train`, its own options beside
/// those of a run, are passed over by the commands beside it. Call after parsing. Returns what was
/// taken. Throws UsageError naming file, line and key for an unknown key or a bad value.
ConfigValues read_config_file(CLI::App& command, const std::string& file);

/// What a UsageError said, with file and line and the key in place of the flag where it is about
/// one of these values.
std::string with_place(const ConfigValues& values, const std::string& what);

}  // namespace mapnet
