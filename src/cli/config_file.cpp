#include "cli/config_file.hpp"

#include <fmt/core.h>
#include <toml++/toml.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iomanip>
#include <set>
#include <sstream>

#include "cli/usage.hpp"
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

/// A TOML value as it is written.
std::string text_of(const toml::node& node) {
  const std::vector<std::string> words = words_of(node);
  if (node.is_string()) return fmt::format("\"{}\"", words.front());
  if (!node.is_array()) return words.empty() ? "something else" : words.front();
  std::string text;
  for (const toml::node& element : *node.as_array())
    text += (text.empty() ? "" : ", ") + text_of(element);
  return "[" + text + "]";
}

/// `train`, where this command is another of the program's.
const CLI::App* train_beside(const CLI::App& command) {
  const CLI::App* app = command.get_parent();
  if (!app) return nullptr;
  for (const CLI::App* other :
       app->get_subcommands([](const CLI::App* a) { return a->get_name() == "train"; }))
    if (other != &command) return other;
  return nullptr;
}

/// "; did you mean latent?" of a key that is like one of the command's.
std::string likely_key(const CLI::App& command, const std::string& name) {
  const std::string flag = likely_flag(command, "--" + name);
  return flag.empty() ? "" : fmt::format("; did you mean {}?", flag.substr(2));
}

void give(CLI::Option& option, const std::vector<std::string>& words) {
  for (const std::string& word : words) option.add_result(word);
  option.run_callback();
}

/// Throws what is wrong with a value in the words of a file.
[[noreturn]] void refuse_value(const std::string& at, const CLI::Option& option,
                               const toml::node& value, const CLI::Error& error) {
  const std::string flag = option.get_name(), name = flag.substr(2);
  if (dynamic_cast<const CLI::ConversionError*>(&error))
    fail<UsageError>("{}: {} = {}; expected {}", at, name, text_of(value), expected_value(option));
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error))
    fail<UsageError>("{}: {} = {}; expected one value", at, name, text_of(value));
  const std::string what = error.what(), about = flag + ": ";
  fail<UsageError>("{}: {}: {}", at, name,
                   what.starts_with(about) ? what.substr(about.size()) : what);
}

/// What messages call a value of the option.
std::string noun_of(std::string name) {
  if (name == "net") return "network";
  if (name == "data") return "dataset";
  std::ranges::replace(name, '-', ' ');
  return name;
}

/// Whether a message that begins with no flag is about this value of a file. It says what the value
/// is of, too: another option may have the same one from the command line.
bool is_about(const std::string& what, const std::string& name, const ConfigValue& value) {
  const std::string noun = noun_of(name);
  if (what.starts_with(noun + ": ") || what.starts_with(noun + " values: ")) return true;
  const bool latents = name == "latent" || name == "latents";
  return std::ranges::any_of(value.words, [&](const std::string& word) {
    return what.starts_with("unknown " + noun + " '" + word + "'") ||
           what.starts_with(noun + " " + word + ": ") ||
           (latents && what.find(" " + word + " latents") != std::string::npos) ||
           (name == "data" && what.starts_with(word + ": "));
  });
}

}  // namespace

ConfigValues read_config_file(CLI::App& command, const std::string& file) {
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
  const CLI::App* train = train_beside(command);
  ConfigValues taken;
  for (const auto& [key, value] : table) {
    const std::string name(key.str());
    const std::string at = fmt::format("{}:{}", file, value.source().begin.line);
    const bool of_the_command = name == "config" || name == "help";
    CLI::Option* option = of_the_command ? nullptr : command.get_option_no_throw("--" + name);
    if (!option && !of_the_command && train && train->get_option_no_throw("--" + name)) continue;
    if (name == "config") fail<UsageError>("{}: {}: a file names no other file", at, name);
    if (!option)
      fail<UsageError>("{}: unknown key '{}'{}", at, name,
                       of_the_command ? "" : likely_key(command, name));
    if (option->count() > 0 || overruled.contains(option)) continue;
    const std::vector<std::string> words = words_of(value);
    if (words.empty()) fail<UsageError>("{}: '{}' has no usable value", at, name);
    try {
      give(*option, words);
    } catch (const CLI::Error& e) {
      refuse_value(at, *option, value, e);
    }
    taken[name] = {at, words};
  }
  refuse_exclusions(command, file);
  return taken;
}

std::string with_place(const ConfigValues& values, const std::string& what) {
  if (what.starts_with("--")) {
    const std::string flag = what.substr(2, what.find_first_of(" :", 2) - 2);
    const auto value = values.find(flag);
    return value == values.end() ? what : value->second.at + ": " + what.substr(2);
  }
  for (const auto& [name, value] : values)
    if (is_about(what, name, value)) return value.at + ": " + what;
  return what;
}

}  // namespace mapnet
