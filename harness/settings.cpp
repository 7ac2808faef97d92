#include "harness/settings.hpp"

#include <fmt/core.h>

namespace mapnet {

namespace {

constexpr const char* kOff = "false";

/// Flags of `mapnet train` that every run is given anyway.
struct OwnFlag {
  const char* name;
  const char* instead;
};
constexpr OwnFlag kOwnFlags[] = {
    {"seed", "the seeds of runs are a list: seeds = [1, 2, 3]"},
    {"config", "write what the file says as settings"},
    {"out", "runs lie in the folder that --runs names"},
    {"overwrite", "a run that has other settings than before begins anew by itself"},
    {"resume", "a run that was stopped goes on by itself"}};

std::string word_of(const toml::node& node) {
  if (node.is_string()) return *node.value<std::string>();
  if (node.is_boolean()) return *node.value<bool>() ? "true" : kOff;
  if (node.is_integer()) return fmt::format("{}", *node.value<std::int64_t>());
  if (node.is_floating_point()) return fmt::format("{}", *node.value<double>());
  return {};
}

/// What command_line() was given.
std::vector<std::string> words_in(const std::string& line) {
  std::vector<std::string> words;
  bool within = false, quoted = false;  // a word, and of it what is quoted
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == ' ' && !quoted) {
      within = false;
      continue;
    }
    if (!within) words.emplace_back();
    within = true;
    if (line[i] == '\'')
      quoted = !quoted;
    else if (line[i] == '\\' && !quoted && i + 1 < line.size())
      words.back() += line[++i];
    else
      words.back() += line[i];
  }
  return words;
}

}  // namespace

void require_flag(const TomlReader& reader, const toml::node& node, const std::string& key,
                  const HasFlag& has_flag) {
  for (const OwnFlag& own : kOwnFlags)
    if (key == own.name)
      fail<UsageError>("{}: {}: '{}' is no setting: {}", reader.place(node), reader.at(), key,
                       own.instead);
  if (has_flag && !has_flag(key))
    fail<UsageError>("{}: {}: unknown setting '{}': `mapnet train` has no --{}", reader.place(node),
                     reader.at(), key, key);
}

Settings read_settings(TomlReader reader, const HasFlag& has_flag) {
  Settings settings;
  for (const std::string& key : reader.keys()) {
    const toml::node& node = *reader.take(key);
    require_flag(reader, node, key, has_flag);
    std::vector<std::string> words;
    if (const toml::array* array = node.as_array())
      for (const toml::node& element : *array) words.push_back(word_of(element));
    else
      words.push_back(word_of(node));
    for (const std::string& word : words)
      if (word.empty()) reader.wrong(node, key, "a text, a number, true or false, or a list");
    if (words.empty()) reader.wrong(node, key, "a list with something in it");
    if (words == std::vector<std::string>{"true"}) words.clear();
    settings[key] = words;
  }
  return settings;
}

Settings merged(Settings base, const Settings& changes) {
  for (const auto& [key, words] : changes) base[key] = words;
  return base;
}

Settings without_false(Settings settings) {
  std::erase_if(settings, [](const auto& setting) {
    return setting.second == std::vector<std::string>{kOff};
  });
  return settings;
}

std::vector<std::string> words_of(const Settings& settings) {
  std::vector<std::string> words;
  for (const auto& [key, values] : settings) {
    words.push_back("--" + key);
    words.insert(words.end(), values.begin(), values.end());
  }
  return words;
}

std::string command_line(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) {
    if (!line.empty()) line += ' ';
    const bool plain = !word.empty() && word.find_first_not_of(
                                            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                            "0123456789-_./:,+=") == std::string::npos;
    if (plain) {
      line += word;
      continue;
    }
    line += '\'';
    for (const char c : word) line += c == '\'' ? std::string("'\\''") : std::string(1, c);
    line += '\'';
  }
  return line;
}

Settings settings_among(const std::vector<std::string>& words) {
  Settings settings;
  std::vector<std::string>* values = nullptr;
  for (const std::string& word : words) {
    if (word.starts_with("--")) {
      values = &settings[word.substr(2)];
      values->clear();
    } else if (values) {
      values->push_back(word);
    }
  }
  return settings;
}

Settings settings_in(const std::string& command_line) {
  return settings_among(words_in(command_line));
}

}  // namespace mapnet
