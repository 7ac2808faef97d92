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

/// Throws UsageError naming file, line and key where it has not.
void require_flag(const TomlReader& reader, const toml::node& node, const std::string& key,
                  const HasFlag& has_flag);

/// A TOML table of flags, as --config takes them. Throws UsageError likewise.
Settings read_settings(TomlReader reader, const HasFlag& has_flag = {});

/// The first, with what the second says instead. `false` takes a flag away.
Settings merged(Settings base, const Settings& changes);

/// "--net cnn2 --latent 2048" as words.
std::vector<std::string> words_of(const Settings& settings);

/// The same in one line that a shell reads back.
std::string command_line(const std::vector<std::string>& words);

/// The settings of such a line, whatever stands before its first flag.
Settings settings_in(const std::string& command_line);

}  // namespace mapnet
