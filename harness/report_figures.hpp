#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/metric.hpp"

/// Figures of a report's JSON as people read them; empty where there is none.
namespace mapnet {

inline std::string figure_of(const Metric& metric, const nlohmann::json& holder, const char* key) {
  return holder.contains(key) ? format_figure(metric, holder[key].get<double>()) : std::string();
}

/// "+1.00", "-0.38": the gap to the paper.
inline std::string gap_of(const Metric& metric, const nlohmann::json& m) {
  const std::string text = figure_of(metric, m, "gap");
  return text.empty() || text.front() == '-' ? text : "+" + text;
}

/// The entries of ours beyond the paper that stand beside an entry of the paper's, on its data.
inline std::vector<nlohmann::json> beyond(const nlohmann::json& report,
                                          const nlohmann::json& entry) {
  std::vector<nlohmann::json> found;
  for (const nlohmann::json& other : report["entries"])
    if (other.value("beyond", "") == entry["row"] && other["data"] == entry["data"])
      found.push_back(other);
  return found;
}

/// Whether a report has any.
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

}  // namespace mapnet
