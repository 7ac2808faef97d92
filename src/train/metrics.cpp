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
  if (m.mean_iou) json[prefix + "mean_iou"] = *m.mean_iou;
}

std::string metrics_text(Task task, const Metrics& m) {
  switch (task) {
    case Task::classify:
      return fmt::format("accuracy {:.2f}%, loss {:.4f}", 100 * m.accuracy, m.loss);
    case Task::segment:
      return fmt::format("pixel accuracy {:.2f}%, {}loss {:.4f}", 100 * m.accuracy,
                         m.mean_iou ? fmt::format("mean IoU {:.4f}, ", *m.mean_iou) : "", m.loss);
    case Task::forecast:
      break;
  }
  return fmt::format("MSE {:.6f}", m.loss);
}

}  // namespace mapnet
