#pragma once

#include <string>
#include <vector>

namespace mapnet {

/// How a figure of result.json is judged and written.
struct Metric {
  const char* name;  ///< in the tables: "accuracy"; result.json has test_accuracy
  double scale;      ///< from result.json to the unit of the tables: percent
  bool higher_is_better;
  bool relative;     ///< a tolerance is a share of the figure it is about
  double tolerance;  ///< against the paper, where a table does not say otherwise
  int digits;        ///< written behind the point
};

/// The one of that name; nullptr where there is none.
const Metric* find_metric(const std::string& name);

/// "accuracy, loss, mean_iou, mse"
std::string metric_names();

/// A figure as the tables write it: "91.88", "0.00061".
std::string format_figure(const Metric& metric, double value);

/// How far `value` may lie on the wrong side of `goal`.
double slack(const Metric& metric, double tolerance, double goal);

/// By how much it is better than the goal; negative: worse.
double lead(const Metric& metric, double value, double goal);

}  // namespace mapnet
