#include "train/metrics.hpp"

#include <fmt/core.h>

#include <nlohmann/json.hpp>

namespace mapnet {

void add_metrics(nlohmann::json& json, Task task, const std::string& prefix, const Metrics& m) {
  json[prefix + "loss"] = m.loss;
  if (task == Task::forecast)
    json[prefix + "mse"] = m.loss;
  else
    json[prefix + "accuracy"] = m.accuracy;
  if (m.mean_iou) {
    json[prefix + "mean_iou"] = *m.mean_iou;
    json[prefix + "majority_accuracy"] = m.majority;
  }
}

std::string metrics_text(Task task, const Metrics& m) {
  switch (task) {
    case Task::classify:
      return fmt::format("accuracy {:.2f}%, loss {:.4f}", 100 * m.accuracy, m.loss);
    case Task::segment:
      if (!m.mean_iou)
        return fmt::format("pixel accuracy {:.2f}%, loss {:.4f}", 100 * m.accuracy, m.loss);
      return fmt::format(
          "pixel accuracy {:.2f}% ({:.2f}% by the most frequent class), mean IoU {:.4f}, loss "
          "{:.4f}",
          100 * m.accuracy, 100 * m.majority, *m.mean_iou, m.loss);
    case Task::forecast:
      break;
  }
  return fmt::format("MSE {:.6f}", m.loss);
}

}  // namespace mapnet
