#include "harness/reach/reach.hpp"

#include <algorithm>

#include "harness/report_figures.hpp"

namespace mapnet {

namespace {

using nlohmann::json;

/// The first metric's statistics over the seeds, where the entry was run with the table's settings
/// and these are comparable with the baseline's.
const json* figure_of_entry(const json& entry) {
  if (is_outdated(entry) || !entry.value("comparable", true)) return nullptr;
  if (entry["metrics"].empty() || !entry["metrics"][0].contains("test")) return nullptr;
  return &entry["metrics"][0]["test"];
}

bool is_near(const Metric& metric, double mean, double baseline) {
  return lead(metric, mean, least_near(metric, baseline)) >= 0;
}

/// The first point from which on all are near.
std::optional<std::size_t> first_near(const Metric& metric, const Reach& reach, double baseline) {
  std::optional<std::size_t> first;
  for (std::size_t i = reach.points.size(); i-- > 0;) {
    if (!is_near(metric, reach.points[i].mean, baseline)) break;
    first = i;
  }
  return first;
}

}  // namespace

double least_near(const Metric& metric, double baseline) {
  return metric.higher_is_better ? kReach * baseline : baseline / kReach;
}

std::optional<Baseline> baseline_of(const json& report, const std::string& data) {
  for (const json& entry : report["entries"])
    if (entry["row"] == report.value("baseline", "") && entry["data"] == data)
      if (const json* figure = figure_of_entry(entry))
        return Baseline{(*figure)["mean"].get<double>(),
                        entry["trainable_params"].get<std::size_t>()};
  return std::nullopt;
}

std::vector<Reach> reaches(const json& report) {
  std::vector<Reach> all;
  if (!report.contains("baseline")) return all;
  for (const json& entry : report["entries"]) {
    const json* figure = figure_of_entry(entry);
    if (!figure || entry["row"] == report["baseline"]) continue;
    const std::string method = entry["method"], data = entry["data"];
    auto found = std::ranges::find_if(
        all, [&](const Reach& r) { return r.method == method && r.data == data; });
    if (found == all.end()) found = all.insert(all.end(), {method, data, {}, {}});
    found->points.push_back({entry["trainable_params"].get<std::size_t>(),
                             entry.value("map_values", std::size_t{0}),
                             entry.value("map_samples", std::size_t{0}),
                             (*figure)["mean"].get<double>(), (*figure)["n"].get<std::size_t>()});
  }
  for (Reach& reach : all) {
    std::ranges::stable_sort(reach.points, {}, &Reach::Point::trained);
    if (const auto baseline = baseline_of(report, reach.data))
      reach.enough = first_near(leading_metric(report), reach, baseline->mean);
  }
  return all;
}

}  // namespace mapnet
