#include "harness/reach/report.hpp"

#include <fmt/core.h>

#include "harness/reach/reach.hpp"
#include "harness/report_figures.hpp"
#include "harness/text_table.hpp"

namespace mapnet {

namespace {

using nlohmann::json;

std::string title(const json& report) {
  return fmt::format("Trained values that reach {:.0f}% of {}", 100 * kReach,
                     report["baseline"].get<std::string>());
}

const Cells kHead = {
    "method", "data",  "values that reach it",  "their map's",       "learned from",
    "figure", "seeds", "fewest and most tried", "the most's figure", "baseline"};

std::vector<Cells> lines(const json& report) {
  std::vector<Cells> all;
  for (const Reach& reach : reaches(report)) {
    const Metric& metric = leading_metric(report);
    const Reach::Point &fewest = reach.points.front(), &most = reach.points.back();
    Cells line = {reach.method, reach.data};
    if (reach.enough) {
      const Reach::Point& enough = reach.points[*reach.enough];
      line.insert(line.end(), {std::to_string(enough.trained), std::to_string(enough.map_values),
                               fmt::format("{} samples", enough.map_samples),
                               format_figure(metric, enough.mean), std::to_string(enough.seeds)});
    } else {
      line.insert(line.end(), {"none of those tried", "", "", "", ""});
    }
    line.push_back(fewest.trained == most.trained
                       ? std::to_string(most.trained)
                       : fmt::format("{} to {}", fewest.trained, most.trained));
    line.push_back(format_figure(metric, most.mean));
    const auto baseline = baseline_of(report, reach.data);
    line.push_back(baseline ? format_figure(metric, baseline->mean) : "not run");
    all.push_back(line);
  }
  return all;
}

}  // namespace

std::string reaches_markdown(const json& report) {
  const std::vector<Cells> all = lines(report);
  if (all.empty()) return {};
  return fmt::format("\n## {}\n\n{}", title(report), markdown_table(kHead, all));
}

std::string reaches_html(const json& report) {
  const std::vector<Cells> all = lines(report);
  if (all.empty()) return {};
  return fmt::format("<h3>{}</h3>\n{}", escaped(title(report)), html_table(kHead, all));
}

}  // namespace mapnet
