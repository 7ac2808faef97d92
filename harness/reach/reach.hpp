#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "harness/metric.hpp"

/// What a table's report (its JSON) says of its rows beside its baseline, the row that `baseline`
/// names: how few trained values come near it.
namespace mapnet {

/// This share of the baseline's first metric is near it; of one that is better where it is lower,
/// what the baseline is this share of.
inline constexpr double kReach = 0.99;

/// The worst figure that is near a baseline.
double least_near(const Metric& metric, double baseline);

/// A method's rows on a data set, all that are done.
struct Reach {
  std::string method, data;
  struct Point {
    std::size_t trained = 0, map_values = 0;  ///< values; of a learned map's
    std::size_t map_samples = 0;              ///< that a learned map took
    double mean = 0;                          ///< of the first metric, over the seeds
    std::size_t seeds = 0;
  };
  std::vector<Point> points;          ///< the fewest trained first
  std::optional<std::size_t> enough;  ///< the first of `points` that is near the baseline, and all
                                      ///< with more trained values are, too
};

struct Baseline {
  double mean = 0;          ///< of the first metric, over the seeds
  std::size_t trained = 0;  ///< values
};

/// The baseline on a data set; empty where it was not run there.
std::optional<Baseline> baseline_of(const nlohmann::json& report, const std::string& data);

/// In the report's order; none where it has no baseline.
std::vector<Reach> reaches(const nlohmann::json& report);

}  // namespace mapnet
