#include <fmt/core.h>

#include <algorithm>

#include "common/bytes.hpp"
#include "common/file.hpp"
#include "harness/gnuplot.hpp"
#include "harness/pictures.hpp"
#include "harness/reach/pictures.hpp"
#include "harness/reach/report.hpp"
#include "harness/report.hpp"
#include "harness/report_figures.hpp"
#include "harness/text_table.hpp"
#include "harness/trajectory/pictures.hpp"
#include "harness/trajectory/report.hpp"

namespace mapnet {

namespace {

using nlohmann::json;
namespace fs = std::filesystem;

constexpr const char* kPageHead = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<style>
:root { --good: #1a7f37; --fair: #0969da; --bad: #cf222e; --quiet: #6e7781; --line: #d0d7de; --back: #fff; --text: #1f2328; }
@media (prefers-color-scheme: dark) {
  :root { --good: #3fb950; --fair: #58a6ff; --bad: #f85149; --quiet: #8b949e; --line: #30363d; --back: #0d1117; --text: #e6edf3; }
}
body { background: var(--back); color: var(--text); font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 78rem; padding: 0 1rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .6rem; text-align: right; white-space: nowrap; }
th:nth-child(-n+4), td:nth-child(-n+4) { text-align: left; }
.exceeded, .held, .improved { color: var(--good); } .reproduced { color: var(--fair); }
.not-reached, .failed, .regressed { color: var(--bad); } .no-data, .not-run, .other-settings, small, figcaption { color: var(--quiet); }
figure { display: inline-block; margin: 1rem 1rem 0 0; vertical-align: top; }
.narrow { width: min(100%, 36rem); } .wide { width: 100%; }
svg { height: auto; max-width: 100%; } pre { overflow-x: auto; }
</style>
)";

constexpr const char* kTitle = "The paper's tables, reproduced";

std::string verdict_html(const json& entry, const json& metric) {
  std::string html;
  for (const std::string& verdict : verdicts_of(entry, metric)) {
    std::string name = verdict;
    std::replace(name.begin(), name.end(), ' ', '-');
    html += fmt::format("{}<span class=\"{}\">{}</span>", html.empty() ? "" : "; ", name, verdict);
  }
  const std::string seeds = missing_seeds(entry);
  return seeds.empty() ? html : html + " <small>" + seeds + "</small>";
}

std::string cell(const std::string& text) { return "<td>" + text + "</td>"; }

/// The column group of ours beyond the paper.
std::string beyond_html(const json& report, const json& entry, const Metric& metric) {
  std::vector<BeyondFigure> all = beyond(report, entry, metric, verdict_html);
  for (BeyondFigure& b : all) b.row = escaped(b.row);
  std::string html;
  for (const auto field :
       {&BeyondFigure::row, &BeyondFigure::figure, &BeyondFigure::verdict, &BeyondFigure::count})
    html += cell(lines_of(all, field));
  return html;
}

std::string row_html(const json& report, const json& entry, const json& m) {
  if (stands_beside(report, entry)) return {};
  const Metric& metric = *find_metric(m["metric"]);
  std::string data = escaped(entry["data"]), ours;
  if (entry.contains("stand_in_for"))
    data += " <small>(stand-in for " + escaped(entry["stand_in_for"]) + ")</small>";
  if (m.contains("test")) {
    const json& s = m["test"];
    ours = figure_of(metric, s, "mean");
    if (s["n"].get<int>() > 1)
      ours += fmt::format(" <small>({} to {})</small>", figure_of(metric, s, "min"),
                          figure_of(metric, s, "max"));
  }
  const std::string reference =
      m.contains("reference") ? figure_of(metric, m["reference"], "mean") : std::string();
  std::string html = "<tr>";
  html += cell(escaped(row_name(entry))) + cell(escaped(entry["method"])) + cell(data) +
          cell(metric.name) + cell(figure_of(metric, m, "paper")) + cell(ours) +
          cell(gap_of(metric, m)) + cell(verdict_html(entry, m)) + cell(reference) +
          cell(figure_of(metric, m, "train_test_drop"));
  html += cell(trained_count(entry)) +
          cell(entry.contains("target_params")
                   ? std::to_string(entry["target_params"].get<std::size_t>())
                   : "");
  html +=
      cell(entry.contains("seconds") ? fmt::format("{:.0f}", entry["seconds"]["mean"].get<double>())
                                     : "");
  html += cell(
      entry.contains("plan") ? format_bytes(entry["plan"]["total_bytes"].get<std::size_t>()) : "");
  if (goes_beyond(report)) html += beyond_html(report, entry, metric);
  return html + "</tr>\n";
}

std::string figure_html(const std::string& svg, const std::string& caption,
                        const char* kind = "narrow") {
  if (svg.empty()) return {};
  return fmt::format("<figure class=\"{}\">{}<figcaption>{}</figcaption></figure>\n", kind, svg,
                     caption);
}

std::string pictures_html(const json& report) {
  if (!has_gnuplot())
    return "<p><small>No pictures: gnuplot is not installed here (gnuplot-nox).</small></p>\n";
  std::string html;
  for (const NamedPicture& picture : pictures_of_trajectories(report))
    html += figure_html(picture.svg, picture.caption, "wide");
  for (const NamedPicture& picture : pictures_of_reaches(report))
    html += figure_html(picture.svg, picture.caption);
  if (!report.contains("baseline"))
    html += figure_html(picture_of_counts(report),
                        "Hollow circles: the paper's figures; filled: ours in its rows, the mean "
                        "over seeds; triangles, if any: ours beyond the paper.");
  return html +
         figure_html(picture_of_training(report), "While training, the first seed of each row.") +
         figure_html(picture_of_drop(report),
                     "How much worse unseen samples are: the paper's claim about over-fitting.") +
         figure_html(picture_of_memory(report),
                     "The arena, planned before the first step; groups share memory, so the stack "
                     "may be higher than the arena.");
}

std::string table_html(const json& report) {
  std::string html = fmt::format(
      "<h2 id=\"{0}\">{1}{2}</h2>\n<p>{3}.</p>\n<p><small>{4}</small></p>\n<div "
      "class=\"scroll\"><table><tr><th>row<th>method<th>data<th>metric<th>paper<th>ours<th>gap"
      "<th>verdict<th>reference<th>test worse by<th>trained<th>target<th>seconds<th>arena{5}</tr>\n",
      escaped(report["table"]), escaped(report["title"]),
      report["quick"].get<bool>() ? " (quick tier)" : "", escaped(report["summary"]),
      escaped(report["recipes"]),
      goes_beyond(report) ? "<th>beyond the paper<th>ours<th>verdict<th>trained at a time" : "");
  std::string notes, commands;
  for (const json& entry : report["entries"]) {
    for (const json& metric : entry["metrics"]) html += row_html(report, entry, metric);
    for (const char* key : {"note", "message"})
      if (entry.contains(key))
        notes += fmt::format("<li>{}, {}: {}</li>\n", escaped(entry["row"]), escaped(entry["data"]),
                             escaped(entry[key]));
    for (const json& run : entry["runs"]) {
      commands += escaped(run["command"]);
      if (run.contains("result"))
        commands += escaped("   # " + run["result"].value("device", "") + ", " +
                            run["result"].value("version", ""));
      commands += "\n";
    }
  }
  html += "</table></div>\n";
  if (!notes.empty()) html += "<ul>\n" + notes + "</ul>\n";
  html += trajectories_html(report) + reaches_html(report) + pictures_html(report);
  return html + "<details><summary>The command behind each figure</summary><pre>" + commands +
         "</pre></details>\n";
}

}  // namespace

void write_page(const fs::path& folder) {
  std::string contents, tables, version, title = "Ours beyond the paper";
  for (const auto& [id, report] : stored_reports(folder)) {
    contents += fmt::format("<li><a href=\"#{}\">{}</a>: {}</li>\n", escaped(report["table"]),
                            escaped(report["title"]), escaped(report["summary"]));
    tables += table_html(report);
    version = report["version"].get<std::string>();
    if (!report.contains("baseline")) title = kTitle;
  }
  write_file_atomic(
      folder / "index.html",
      fmt::format("{}<title>mapnet: {}</title></head><body>\n<h1>{}</h1>\n<p>mapnet {}. Figures "
                  "are of the last "
                  "epoch on the test samples, the mean over seeds (smallest to largest).</p>\n"
                  "<ul>\n{}</ul>\n{}</body></html>\n",
                  kPageHead, title, title, escaped(version), contents, tables));
}

}  // namespace mapnet
