#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/metric.hpp"

/// Figures of a report's JSON as people read them; empty where there is none.
namespace mapnet {

/// The first metric of a report's entries, which its pictures and comparisons are of.
inline const Metric& leading_metric(const nlohmann::json& report) {
  return *find_metric(report["entries"][0]["metrics"][0]["metric"]);
}

inline std::string figure_of(const Metric& metric, const nlohmann::json& holder, const char* key) {
  return holder.contains(key) ? format_figure(metric, holder[key].get<double>()) : std::string();
}

/// "+1.00", "-0.38": the gap to the paper.
inline std::string gap_of(const Metric& metric, const nlohmann::json& m) {
  const std::string text = figure_of(metric, m, "gap");
  return text.empty() || text.front() == '-' ? text : "+" + text;
}

/// Whether a report has entries of ours beyond the paper.
inline bool goes_beyond(const nlohmann::json& report) {
  for (const nlohmann::json& entry : report["entries"])
    if (entry.contains("beyond")) return true;
  return false;
}

/// "2048" trained at a time, and beside them "+ 59756 of the map": a map that was learned is not
/// free. Empty where it was not run.
inline std::string trained_count(const nlohmann::json& entry) {
  if (!entry.contains("trainable_params")) return {};
  std::string text = std::to_string(entry["trainable_params"].get<std::size_t>());
  if (entry.contains("map_values"))
    text += " + " + std::to_string(entry["map_values"].get<std::size_t>()) + " of the map";
  return text;
}

/// "91.00 (90.00 to 92.00)"; of one seed the figure alone.
inline std::string spread(const Metric& metric, const nlohmann::json& holder, const char* key) {
  if (!holder.contains(key)) return {};
  const nlohmann::json& s = holder[key];
  const std::string mean = figure_of(metric, s, "mean");
  if (s["n"].get<int>() < 2) return mean;
  return mean + " (" + figure_of(metric, s, "min") + " to " + figure_of(metric, s, "max") + ")";
}

/// One of ours beyond the paper: its row, its figure and what it trains at a time.
struct BeyondFigure {
  std::string row, figure, count;
};

/// Those that stand beside a figure of an entry of the paper's, on its data.
inline std::vector<BeyondFigure> beyond(const nlohmann::json& report, const nlohmann::json& entry,
                                        const Metric& metric) {
  std::vector<BeyondFigure> found;
  for (const nlohmann::json& other : report["entries"]) {
    if (other.value("beyond", "") != entry["row"] || other["data"] != entry["data"]) continue;
    BeyondFigure b{other["row"], {}, trained_count(other)};
    for (const nlohmann::json& m : other["metrics"])
      if (m["metric"] == metric.name) b.figure = spread(metric, m, "test");
    found.push_back(std::move(b));
  }
  return found;
}

/// One field of all of them, a line each.
inline std::string lines_of(const std::vector<BeyondFigure>& all,
                            std::string BeyondFigure::*field) {
  std::string text;
  for (const BeyondFigure& b : all) text += (&b == &all.front() ? "" : "<br>") + b.*field;
  return text;
}

}  // namespace mapnet
