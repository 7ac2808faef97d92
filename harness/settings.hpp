#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "harness/toml_reader.hpp"

namespace mapnet {

/// Flags of `mapnet train` without their dashes, with the words that follow them. A flag that is
/// set has none, one that is not is absent.
using Settings = std::map<std::string, std::vector<std::string>>;

/// Whether `mapnet train` has a flag of that name; empty: that is for its runs to say.
using HasFlag = std::function<bool(const std::string&)>;

/// Throws UsageError naming file, line and key where it has not, and for a flag that the harness
/// itself gives every run: --seed, --out, --overwrite, --resume.
void require_flag(const TomlReader& reader, const toml::node& node, const std::string& key,
                  const HasFlag& has_flag);

/// A TOML table of flags, as --config takes them. Throws UsageError likewise.
Settings read_settings(TomlReader reader, const HasFlag& has_flag = {});

/// The first, with what the second says instead. `false` stays, for it takes the flag away from
/// whatever this is merged into.
Settings merged(Settings base, const Settings& changes);

/// All but those that are `false`: once nothing is left to be merged.
Settings without_false(Settings settings);

/// "--net cnn2 --latent 2048" as words.
std::vector<std::string> words_of(const Settings& settings);

/// The same in one line that a shell reads back.
std::string command_line(const std::vector<std::string>& words);

/// The settings of such words and of such a line, whatever stands before the first flag.
Settings settings_among(const std::vector<std::string>& words);
Settings settings_in(const std::string& command_line);

}  // namespace mapnet
