#include "harness/metric.hpp"

#include <fmt/core.h>

#include <cmath>

namespace mapnet {

namespace {

constexpr Metric kMetrics[] = {
    {.name = "accuracy",
     .scale = 100,
     .higher_is_better = true,
     .relative = false,
     .tolerance = 0.5,
     .digits = 2},
    {.name = "mse",
     .scale = 1,
     .higher_is_better = false,
     .relative = true,
     .tolerance = 0.1,
     .digits = 6},
    {.name = "mean_iou",
     .scale = 1,
     .higher_is_better = true,
     .relative = false,
     .tolerance = 0.02,
     .digits = 4},
    {.name = "loss",
     .scale = 1,
     .higher_is_better = false,
     .relative = true,
     .tolerance = 0.1,
     .digits = 4},
};

}  // namespace

const Metric* find_metric(const std::string& name) {
  for (const Metric& metric : kMetrics)
    if (name == metric.name) return &metric;
  return nullptr;
}

std::string metric_names() {
  std::string names;
  for (const Metric& metric : kMetrics)
    names += (names.empty() ? "" : ", ") + std::string(metric.name);
  return names;
}

std::string format_figure(const Metric& metric, double value) {
  return fmt::format("{:.{}f}", value, metric.digits);
}

double slack(const Metric& metric, double tolerance, double goal) {
  return metric.relative ? tolerance * std::abs(goal) : tolerance;
}

double lead(const Metric& metric, double value, double goal) {
  return metric.higher_is_better ? value - goal : goal - value;
}

}  // namespace mapnet
