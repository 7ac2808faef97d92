#pragma once

namespace mapnet {

/// What a network is asked for, and so what a data set's targets are.
enum class Task {
  classify,  ///< a class a sample: logits [N, K], labels [N]
  segment,   ///< a class a pixel: logits [N, K, H, W], labels [N, H, W]
  forecast,  ///< values: y [N, K], targets [N, K]
};

/// "classify", "segment", "forecast"
constexpr const char* task_name(Task task) {
  return task == Task::classify ? "classify" : task == Task::segment ? "segment" : "forecast";
}

/// What a network does: "classifies", "segments", "forecasts"
constexpr const char* task_verb(Task task) {
  return task == Task::classify ? "classifies" : task == Task::segment ? "segments" : "forecasts";
}

}  // namespace mapnet
