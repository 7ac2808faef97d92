#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "device/schedule.hpp"
#include "device/tensor.hpp"
#include "nets/network.hpp"

/// What a network's outputs are measured by, and so trained on: eq. 27 for each task.
namespace mapnet {

struct ObjectiveDesc {
  Task task = Task::classify;
  int ignore = -1;      ///< segment: label that counts nowhere
  float smoothing = 0;  ///< classify: of labels, in training
};

/// Adds the steps that add a batch's loss and hits to the control block's sums, and returns the
/// gradient of its mean loss, of the shape and layout of `logits`. `targets` as SampleFeed gives
/// them.
Tensor objective_backward(Schedule& schedule, const ObjectiveDesc& desc, const Tensor& logits,
                          BufferId targets, BufferId control);

/// The same without a gradient or smoothing, for evaluation. `confusion`: uint64 [K, K] that the
/// pixels of a segmentation are counted into, or none.
void objective_forward(Schedule& schedule, const std::string& name, const ObjectiveDesc& desc,
                       const Tensor& logits, BufferId targets, BufferId control,
                       BufferId confusion = kNoBuffer);

/// Of `confusion` [K, K], which counts pixels at (label, answer).
struct ConfusionSummary {
  double mean_iou = 0;  ///< of intersection over union, over the classes that occur, as either
  double majority = 0;  ///< share of the most frequent label: what always answering it would score
};
ConfusionSummary summarise(std::span<const std::uint64_t> confusion, std::size_t classes);

}  // namespace mapnet
