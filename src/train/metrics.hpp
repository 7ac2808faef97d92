#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "common/task.hpp"

namespace mapnet {

/// Means over a set of samples.
struct Metrics {
  double loss = 0;      ///< cross-entropy, of each pixel for a segmentation; MSE for a forecast
  double accuracy = 0;  ///< arg-max hits, among the pixels with a label; 0 for a forecast
  std::optional<double> mean_iou;  ///< of a segmentation's evaluation, not of its running sums
  double majority = 0;  ///< beside it: accuracy of always answering the most frequent label
  std::size_t samples = 0;
};

/// What a task is judged by, as keys that begin with `prefix`: "loss", and "accuracy", "mse" or
/// "accuracy" and, of an evaluation, "mean_iou" and "majority_accuracy".
void add_metrics(nlohmann::json& json, Task task, const std::string& prefix, const Metrics& m);

/// "accuracy 90.12%, loss 0.2871", "MSE 0.000470", "pixel accuracy 85.12%, mean IoU 0.5012, loss
/// ..."
std::string metrics_text(Task task, const Metrics& m);

}  // namespace mapnet
