#include "cli/config_file.hpp"

#include <fmt/core.h>
#include <toml++/toml.h>

#include <CLI/CLI.hpp>
#include <iomanip>
#include <set>
#include <sstream>
#include <vector>

#include "common/error.hpp"
#include "common/file.hpp"

namespace mapnet {

namespace {

/// A TOML value as the words a user would have typed.
std::vector<std::string> words_of(const toml::node& node) {
  if (const auto* array = node.as_array()) {
    std::vector<std::string> words;
    for (const toml::node& element : *array)
      for (std::string& word : words_of(element)) words.push_back(std::move(word));
    return words;
  }
  if (const auto text = node.value<std::string>(); text && node.is_string()) return {*text};
  std::ostringstream out;
  if (node.is_integer())
    out << *node.value<std::int64_t>();
  else if (node.is_boolean())
    out << (*node.value<bool>() ? "true" : "false");
  else if (node.is_floating_point())
    out << std::setprecision(17) << *node.value<double>();
  else
    return {};
  return {out.str()};
}

/// A flag that is set to false is as one that is not there.
bool is_given(const CLI::Option& option) {
  return option.count() > 0 && (option.get_items_expected_max() > 0 || option.as<bool>());
}

/// Whether one that it excludes was given.
const CLI::Option* given_instead(const CLI::Option& option) {
  for (const CLI::Option* other : option.get_excludes())
    if (is_given(*other)) return other;
  return nullptr;
}

/// CLI11 has looked for such pairs before the file was read.
void refuse_exclusions(const CLI::App& command, const std::string& file) {
  for (const CLI::Option* option : command.get_options())
    if (const CLI::Option* other = given_instead(*option); other && is_given(*option))
      fail<UsageError>("{}: {} excludes {}; leave one of them out", file, option->get_name(),
                       other->get_name());
}

}  // namespace

void read_config_file(CLI::App& command, const std::string& file) {
  toml::table table;
  try {
    table = toml::parse(read_file(file), file);
  } catch (const toml::parse_error& e) {
    fail<UsageError>("{}:{}: {}", file, e.source().begin.line, std::string(e.description()));
  } catch (const Error& e) {
    fail<UsageError>("--config {}", e.what());
  }
  std::set<const CLI::Option*> overruled;  // by what the command line has in their place
  for (const CLI::Option* option : command.get_options())
    if (given_instead(*option)) overruled.insert(option);
  for (const auto& [key, value] : table) {
    const std::string name(key.str());
    const std::string at = fmt::format("{}:{}", file, value.source().begin.line);
    const bool of_the_command = name == "config" || name == "help";
    CLI::Option* option = of_the_command ? nullptr : command.get_option_no_throw("--" + name);
    if (!option) fail<UsageError>("{}: unknown key '{}'", at, name);
    if (option->count() > 0 || overruled.contains(option)) continue;
    const std::vector<std::string> words = words_of(value);
    if (words.empty()) fail<UsageError>("{}: '{}' has no usable value", at, name);
    try {
      for (const std::string& word : words) option->add_result(word);
      option->run_callback();
    } catch (const CLI::Error& e) {
      fail<UsageError>("{}: {}: {}", at, name, e.what());
    }
  }
  refuse_exclusions(command, file);
}

}  // namespace mapnet
