#include <fmt/core.h>

#include <algorithm>
#include <cctype>

#include "common/file.hpp"
#include "harness/gnuplot.hpp"
#include "harness/pictures.hpp"
#include "harness/reach/pictures.hpp"
#include "harness/reach/report.hpp"
#include "harness/report.hpp"
#include "harness/report_columns.hpp"
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
.not-reached, .failed, .regressed { color: var(--bad); } .no-data, .not-run, .not-supported, .other-settings, small, figcaption { color: var(--quiet); }
figure { display: inline-block; margin: 1rem 1rem 0 0; vertical-align: top; }
.narrow { width: min(100%, 36rem); } .wide { width: 100%; }
svg { height: auto; max-width: 100%; } pre { overflow-x: auto; }
</style>
)";

constexpr const char* kTitle = "The paper's tables, reproduced";

/// A verdict's parts, coloured by what they say; "1 of 3 seeds" is none.
std::string verdict_html(const std::string& line) {
  std::string html;
  for (const std::string& part : verdict_parts(line)) {
    const std::string text = escaped(part);
    if (std::isdigit(static_cast<unsigned char>(text.front()))) {
      html += " <small>" + text + "</small>";
      continue;
    }
    std::string name = text;
    std::replace(name.begin(), name.end(), ' ', '-');
    html += fmt::format("{}<span class=\"{}\">{}</span>", html.empty() ? "" : "; ", name, text);
  }
  return html;
}

std::string cell_html(const Column& column, const std::string& text) {
  std::string html;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string line = text.substr(at, end - at);
    html += (at == 0 ? "" : "<br>") + (column.verdicts ? verdict_html(line) : escaped(line));
    at = end + 1;
  }
  return "<td>" + html + "</td>";
}

std::string rows_html(const std::vector<Column>& columns) {
  if (columns.empty()) return {};
  std::string html = "<tr>";
  for (const Column& column : columns) html += "<th>" + column.head;
  html += "</tr>\n";
  for (std::size_t i = 0; i < columns.front().cells.size(); ++i) {
    html += "<tr>";
    for (const Column& column : columns) html += cell_html(column, column.cells[i]);
    html += "</tr>\n";
  }
  return html;
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
                     "How much worse test samples are than training samples, of ours; the paper's "
                     "stand in the table, where it tells.") +
         figure_html(picture_of_memory(report),
                     "The arena, planned before the first step; groups share memory, so the stack "
                     "may be higher than the arena.");
}

std::string list_html(const char* title, const std::vector<std::string>& texts) {
  std::string html;
  for (const std::string& text : texts) html += "<li>" + escaped(text) + "</li>\n";
  return html.empty() ? html : title + ("<ul>\n" + html) + "</ul>\n";
}

/// Each run's, with what it begins with and what it ran on.
std::string commands_html(const json& report) {
  std::string commands;
  for (const json& entry : report["entries"])
    for (const json& run : entry["runs"]) {
      if (run.contains("before")) commands += escaped(run["before"]) + "\n";
      commands += escaped(run["command"]);
      if (run.contains("result"))
        commands += escaped("   # " + run["result"].value("device", "") + ", " +
                            run["result"].value("version", ""));
      commands += "\n";
    }
  return "<details><summary>The command behind each figure</summary><pre>" + commands +
         "</pre></details>\n";
}

std::string title_html(const json& report) {
  return escaped(report["title"]) + (report["quick"].get<bool>() ? " (quick tier)" : "");
}

/// `id`: the report's, which a table shares with no other tier of it.
std::string table_html(const std::string& id, const json& report) {
  const std::vector<Column> columns = columns_of(report);
  return fmt::format(
             "<h2 id=\"{}\">{}</h2>\n<p>{}.</p>\n<p><small>{}</small></p>\n"
             "<p><small>{}</small></p>\n<div class=\"scroll\"><table>",
             escaped(id), title_html(report), escaped(report["summary"]),
             escaped(legend_of(report, columns)), escaped(report["recipes"])) +
         rows_html(columns) + "</table></div>\n" + list_html("Run on:", machines_of(report)) +
         list_html("", notes_of(report)) + trajectories_html(report) + reaches_html(report) +
         pictures_html(report) + commands_html(report);
}

}  // namespace

void write_page(const fs::path& folder) {
  std::string contents, tables, title = "Ours beyond the paper";
  for (const auto& [id, report] : stored_reports(folder)) {
    contents += fmt::format("<li><a href=\"#{}\">{}</a>: {}</li>\n", escaped(id),
                            title_html(report), escaped(report["summary"]));
    tables += table_html(id, report);
    if (!report.contains("baseline")) title = kTitle;
  }
  write_file_atomic(folder / "index.html",
                    fmt::format("{0}<title>mapnet: {1}</title></head><body>\n<h1>{1}</h1>\n"
                                "<ul>\n{2}</ul>\n{3}</body></html>\n",
                                kPageHead, title, contents, tables));
}

}  // namespace mapnet
