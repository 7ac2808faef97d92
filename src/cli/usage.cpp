#include "cli/usage.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

namespace mapnet {

namespace {

/// A number's text without what CLI11 passes over: spaces before it, as in `--latents '8, 16'`, and
/// a plus.
std::string_view bare(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  if (text.starts_with('+')) text.remove_prefix(1);
  return text;
}

/// Whether it is a whole number as people write it: 010 is 8 to CLI11, and 0x10 is 16.
bool is_decimal(std::string_view text) {
  text = bare(text);
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos &&
         (text.front() != '0' || text.size() == 1);
}

template <class Number>
std::string refuse_beyond(const std::string& text) {
  using Limits = std::numeric_limits<Number>;
  Number number = 0;
  const std::string_view digits = bare(text);
  if (std::from_chars(digits.data(), digits.data() + digits.size(), number).ec == std::errc())
    return {};
  return fmt::format("expected a whole number of {} to {}, found {}", Limits::min(), Limits::max(),
                     text);
}

/// What is wrong with a whole number for the option; empty where nothing is. Throws, as CLI11 does,
/// where it is none.
std::string refuse_misread(const CLI::Option& option, bool is_unsigned, const std::string& text) {
  if (is_unsigned && text.find('-') != std::string::npos)
    return fmt::format("expected a whole number of 0 or more, found {}", text);
  if (!is_decimal(text)) throw CLI::ConversionError(option.get_name(), option.results());
  return is_unsigned ? refuse_beyond<std::uint64_t>(text) : refuse_beyond<std::int64_t>(text);
}

bool is_whole(const std::string& type) {
  return type.starts_with("INT") || type.starts_with("UINT");
}

/// Letters to put in, take out, replace or swap with their neighbours to make one word of another.
std::size_t edits_between(std::string_view a, std::string_view b) {
  std::vector edits(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i)
    for (std::size_t j = 0; j <= b.size(); ++j) {
      std::size_t& at = edits[i][j] = i + j;
      if (i == 0 || j == 0) continue;
      at = std::min({edits[i - 1][j] + 1, edits[i][j - 1] + 1,
                     edits[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        at = std::min(at, edits[i - 2][j - 2] + 1);
    }
  return edits[a.size()][b.size()];
}

std::string full_name(const CLI::App& command) {
  const CLI::App* parent = command.get_parent();
  return parent ? full_name(*parent) + " " + command.get_name() : "mapnet";
}

/// What to say of a word that a command has no use for.
std::string unknown_word(const CLI::App& command, const std::string& word) {
  const std::string help = full_name(command) + " --help";
  if (!word.starts_with('-')) return fmt::format("unexpected '{}'; see {}", word, help);
  const std::string flag = word.substr(0, word.find('='));
  const std::string likely = likely_flag(command, flag);
  if (likely.empty()) return fmt::format("unknown flag {}; see {}", flag, help);
  return fmt::format("unknown flag {}; did you mean {}? See {}", flag, likely, help);
}

/// The command that was named last.
const CLI::App& command_of(const CLI::App& app) {
  const CLI::App* at = &app;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
  return *at;
}

/// CLI11 tells what an error is about in its text alone: what it would say of an option is compared
/// with what it said.
bool says(const CLI::ParseError& error, const CLI::ParseError& of_an_option) {
  return std::string_view(error.what()) == of_an_option.what();
}

bool is_repeated(const CLI::ParseError& error, const CLI::Option& option) {
  const int most = std::max(1, option.get_items_expected_max());
  return says(error, CLI::ArgumentMismatch::AtMost(option.get_name(), most, option.count()));
}

bool has_no_value(const CLI::ParseError& error, const CLI::Option& option) {
  const int least = std::min(option.get_type_size_min(), option.get_items_expected_min());
  return says(
      error, CLI::ArgumentMismatch::TypedAtLeast(option.get_name(), least, option.get_type_name()));
}

/// What to say where the error is this option's; empty where it is not.
std::string wrong_with(const CLI::Option& option, const CLI::ParseError& error) {
  const std::string name = option.get_name();
  if (has_no_value(error, option)) return name + ": its value is missing";
  if (option.count() > 1 && is_repeated(error, option))
    return fmt::format("{} is given {}", name,
                       option.count() == 2 ? "twice" : fmt::format("{} times", option.count()));
  if (says(error, CLI::ConversionError(name, option.results())))
    return fmt::format("{}: expected {}, found '{}'", name, expected_value(option),
                       fmt::join(option.results(), ","));
  return {};
}

/// "name of the dataset" of a description that begins with a capital.
std::string as_object(std::string description) {
  if (description.size() > 1 && std::islower(static_cast<unsigned char>(description[1])) != 0)
    description[0] =
        static_cast<char>(std::tolower(static_cast<unsigned char>(description.front())));
  return description;
}

/// What to give where the error is that one of the command's arguments without a name is missing;
/// empty where it is not.
std::string missing_argument(const CLI::App& command, const CLI::RequiredError& error) {
  for (const CLI::Option* option : command.get_options())
    if (option->get_positional() && says(error, CLI::RequiredError(option->get_name())))
      return fmt::format("{}: give {}; see {} --help", option->get_name(),
                         as_object(option->get_description()), full_name(command));
  return {};
}

}  // namespace

std::string expected_value(const CLI::Option& option) {
  if (option.get_items_expected_max() == 0) return "true or false";
  const bool several = option.get_items_expected_max() > 1;
  const std::string type = option.get_type_name();
  if (is_whole(type)) {
    const std::string number = several ? "whole numbers" : "a whole number";
    // CLI11 refuses in the same way what is a number, but too large a one for the option.
    return std::ranges::all_of(option.results(), is_decimal) ? number + " nearer to 0" : number;
  }
  if (type.starts_with("FLOAT")) return several ? "numbers" : "a number";
  return several ? "words" : "a word";
}

std::string likely_flag(const CLI::App& command, const std::string& flag) {
  std::string likely;
  std::size_t fewest = 1 + flag.size() / 4;  // more letters are another word
  for (const CLI::Option* option : command.get_options())
    for (const std::string& known : option->get_lnames())
      if (const std::size_t edits = edits_between(flag, "--" + known); edits < fewest)
        likely = "--" + known, fewest = edits;
  return likely;
}

void refuse_misread_numbers(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    const std::string type = option->get_type_name();
    if (!is_whole(type)) continue;
    const auto check = [option, is_unsigned = type.starts_with("UINT")](const std::string& text) {
      return refuse_misread(*option, is_unsigned, text);
    };
    option->transform(CLI::Validator(check, "").non_modifying());  // before the option's own checks
  }
  for (CLI::App* command : app.get_subcommands({})) refuse_misread_numbers(*command);
}

std::string what_is_wrong(const CLI::App& app, const CLI::ParseError& error) {
  for (const CLI::Option* option : command_of(app).get_options())
    if (const std::string wrong = wrong_with(*option, error); !wrong.empty()) return wrong;
  return error.what();
}

std::string what_is_missing(const CLI::App& app, const CLI::RequiredError& error) {
  const CLI::App& at = command_of(app);
  const std::vector<std::string> words = at.remaining();
  if (!words.empty() && words.front().starts_with('-')) return unknown_word(at, words.front());
  if (at.get_require_subcommand_min() == 0) {
    const std::string argument = missing_argument(at, error);
    return argument.empty() ? error.what() : argument;
  }
  std::string known;
  for (const CLI::App* command : at.get_subcommands({}))
    known += (known.empty() ? "" : ", ") + command->get_name();
  return fmt::format("expected a subcommand, found {}; known: {}",
                     words.empty() ? "none" : "'" + words.front() + "'", known);
}

std::string what_is_unknown(const CLI::App& app, const CLI::ExtrasError& error) {
  const CLI::App* at = &app;
  while (at->remaining().empty() && !at->get_subcommands().empty())
    at = at->get_subcommands().front();
  const std::vector<std::string> words = at->remaining();
  return words.empty() ? error.what() : unknown_word(*at, words.front());
}

}  // namespace mapnet
