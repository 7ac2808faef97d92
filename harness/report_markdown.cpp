#include <fmt/core.h>

#include "harness/reach/report.hpp"
#include "harness/report.hpp"
#include "harness/report_columns.hpp"
#include "harness/text_table.hpp"
#include "harness/trajectory/report.hpp"

namespace mapnet {

namespace {

using nlohmann::json;

/// A cell's lines, which a line of Markdown has in one.
std::string in_one_line(const std::string& text) {
  std::string line;
  for (const char c : text) line += c == '\n' ? "<br>" : std::string(1, c);
  return line;
}

std::string table(const std::vector<Column>& columns) {
  if (columns.empty()) return {};
  Cells head;
  for (const Column& column : columns) head.push_back(column.head);
  std::vector<Cells> lines(columns.front().cells.size());
  for (const Column& column : columns)
    for (std::size_t i = 0; i < lines.size(); ++i) lines[i].push_back(in_one_line(column.cells[i]));
  return markdown_table(head, lines);
}

/// "- " and each of them, a line each, behind an empty one.
std::string list(const std::vector<std::string>& texts) {
  std::string text = texts.empty() ? "" : "\n";
  for (const std::string& one : texts) text += "- " + one + "\n";
  return text;
}

std::string commands(const json& report) {
  std::string text;
  for (const json& entry : report["entries"]) {
    if (entry["runs"].empty()) continue;
    const json& first = entry["runs"][0];
    if (first.contains("before")) text += first["before"].get<std::string>() + "\n";
    text += first["command"].get<std::string>() + "\n";
  }
  return text;
}

}  // namespace

std::string report_markdown(const json& report) {
  const std::vector<Column> columns = columns_of(report);
  std::string text = fmt::format(
      "# {}{}\n\n{}.\n\n{}\n\n{}\n\n", report["title"].get<std::string>(),
      report["quick"].get<bool>() ? " (quick tier)" : "", report["summary"].get<std::string>(),
      legend_of(report, columns), report["recipes"].get<std::string>());
  text += table(columns) + trajectories_markdown(report) + reaches_markdown(report);
  const std::vector<std::string> machines = machines_of(report);
  if (!machines.empty()) text += "\nRun on:\n" + list(machines);
  text += list(notes_of(report));
  return text +
         "\n## Commands\n\nOf each entry's first seed. Those of the others have another `--seed`, "
         "and another `--pretrained` where it names a run of that seed.\n\n```sh\n" +
         commands(report) + "```\n";
}

}  // namespace mapnet
