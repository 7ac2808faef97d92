#pragma once

#include <nlohmann/json.hpp>
#include <string>

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

}  // namespace mapnet
