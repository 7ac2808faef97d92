#include <fmt/core.h>

#include <set>

#include "common/bytes.hpp"
#include "harness/reach/report.hpp"
#include "harness/report.hpp"
#include "harness/report_figures.hpp"
#include "harness/trajectory/report.hpp"

namespace mapnet {

namespace {

using nlohmann::json;

std::string verdict_of(const json& entry, const json& metric) {
  std::vector<std::string> parts = verdicts_of(entry, metric);
  parts.push_back(missing_seeds(entry));
  std::string text;
  for (const std::string& part : parts)
    if (!part.empty()) text += (text.empty() ? "" : "; ") + part;
  return text;
}

/// The column group of ours beyond the paper.
std::string beyond_cells(const json& report, const json& entry, const Metric& metric) {
  const std::vector<BeyondFigure> all = beyond(report, entry, metric, verdict_of);
  std::string cells;
  for (const auto field :
       {&BeyondFigure::row, &BeyondFigure::figure, &BeyondFigure::verdict, &BeyondFigure::count})
    cells += " " + lines_of(all, field) + " |";
  return cells;
}

void add_row(std::string& text, const json& report, const json& entry, const json& m) {
  if (stands_beside(report, entry)) return;
  const Metric& metric = *find_metric(m["metric"]);
  const std::string reference =
      m.contains("reference") ? figure_of(metric, m["reference"], "mean") : std::string();
  text += fmt::format(
      "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |", row_name(entry),
      entry["method"].get<std::string>(),
      entry["data"].get<std::string>() + (entry.contains("stand_in_for") ? " (stand-in)" : ""),
      metric.name, figure_of(metric, m, "paper"), spread(metric, m, "test"), gap_of(metric, m),
      verdict_of(entry, m), reference, figure_of(metric, m, "train_test_drop"),
      trained_count(entry),
      entry.contains("seconds") ? fmt::format("{:.0f}", entry["seconds"]["mean"].get<double>())
                                : std::string(),
      entry.contains("arena_bytes") ? format_bytes(entry["arena_bytes"].get<std::size_t>())
                                    : std::string());
  text += goes_beyond(report) ? beyond_cells(report, entry, metric) + "\n" : "\n";
}

}  // namespace

std::string report_markdown(const json& report) {
  std::string text = fmt::format(
      "# {}{}\n\n{}.\n\nmapnet {}. Figures of the last epoch on the test samples, mean over seeds "
      "(smallest to largest). {}\n\n"
      "| row | method | data | metric | paper | ours | gap | verdict | reference | test worse by | "
      "trained | seconds | arena |{}\n|---|---|---|---|---|---|---|---|---|---|---|---|---|{}\n",
      report["title"].get<std::string>(), report["quick"].get<bool>() ? " (quick tier)" : "",
      report["summary"].get<std::string>(), report["version"].get<std::string>(),
      report["recipes"].get<std::string>(),
      goes_beyond(report) ? " beyond the paper | ours | verdict | trained at a time |" : "",
      goes_beyond(report) ? "---|---|---|---|" : "");
  std::set<std::string> notes, devices;
  for (const json& entry : report["entries"]) {
    for (const json& metric : entry["metrics"]) add_row(text, report, entry, metric);
    if (entry.contains("note"))
      notes.insert(entry["row"].get<std::string>() + ": " + entry["note"].get<std::string>());
    if (entry.contains("message"))
      notes.insert(entry["row"].get<std::string>() + ", " + entry["data"].get<std::string>() +
                   ": " + entry["message"].get<std::string>());
    if (entry.contains("device"))
      devices.insert(entry["device"].get<std::string>() + ", mapnet " +
                     entry["version"].get<std::string>());
  }
  text += trajectories_markdown(report) + reaches_markdown(report);
  if (!devices.empty()) {
    text += "\nRun on:";
    for (const std::string& device : devices) text += " " + device + ";";
    text.back() = '.';
    text += "\n";
  }
  if (!notes.empty()) text += "\n";
  for (const std::string& note : notes) text += "- " + note + "\n";
  text +=
      "\n## Commands\n\nOf each entry's first seed; `--seed` is all that the others "
      "change.\n\n```sh\n";
  for (const json& entry : report["entries"])
    if (!entry["runs"].empty()) text += entry["runs"][0]["command"].get<std::string>() + "\n";
  return text + "```\n";
}

}  // namespace mapnet
