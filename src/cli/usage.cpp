#include "cli/usage.hpp"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string_view>
#include <vector>

namespace mapnet {

namespace {

std::string refuse_sign(const std::string& text) {
  if (text.find('-') == std::string::npos) return {};
  return fmt::format("expected a whole number of 0 or more, found {}", text);
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

/// The command's flag that is most like `name`; empty where none is.
std::string likely_flag(const CLI::App& command, const std::string& name) {
  std::string likely;
  std::size_t fewest = 1 + name.size() / 4;  // more letters are another word
  for (const CLI::Option* option : command.get_options())
    for (const std::string& known : option->get_lnames())
      if (const std::size_t edits = edits_between(name, "--" + known); edits < fewest)
        likely = "--" + known, fewest = edits;
  return likely;
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

}  // namespace

void refuse_negative_counts(CLI::App& app) {
  for (CLI::Option* option : app.get_options())
    if (option->get_type_name().starts_with("UINT")) option->check(refuse_sign);
  for (CLI::App* command : app.get_subcommands({})) refuse_negative_counts(*command);
}

std::string what_is_missing(const CLI::App& app, const CLI::RequiredError& error) {
  const CLI::App* at = &app;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
  const std::vector<std::string> words = at->remaining();
  if (!words.empty() && words.front().starts_with('-')) return unknown_word(*at, words.front());
  if (at->get_require_subcommand_min() == 0) return error.what();
  std::string known;
  for (const CLI::App* command : at->get_subcommands({}))
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
