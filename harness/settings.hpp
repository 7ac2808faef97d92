#pragma once

#include <map>
#include <string>
#include <vector>

#include "harness/toml_reader.hpp"

namespace mapnet {

/// Flags of `mapnet train` without their dashes, with the words that follow them. A flag that is
/// set has none, one that is not is absent.
using Settings = std::map<std::string, std::vector<std::string>>;

/// A TOML table of flags, as --config takes them. Whether there is such a flag is for `mapnet` to
/// say.
Settings read_settings(TomlReader reader);

/// The first, with what the second says instead. `false` takes a flag away.
Settings merged(Settings base, const Settings& changes);

/// "--net cnn2 --latent 2048" as words.
std::vector<std::string> words_of(const Settings& settings);

/// The same in one line that a shell reads back.
std::string command_line(const std::vector<std::string>& words);

/// The settings of such a line, whatever stands before its first flag.
Settings settings_in(const std::string& command_line);

}  // namespace mapnet
