#pragma once

#include <cstdint>
#include <string>

#include "device/host_device.hpp"
#include "device/math.hpp"
#include "device/schedule.hpp"
#include "device/tensor.hpp"

namespace mapnet {

/// Softmax cross-entropy of one row of logits (eq. 27) with label smoothing, as PyTorch defines it:
/// the target is q = (1 - smoothing) onehot(label) + smoothing / classes. Returns
/// -sum_k q_k log softmax(row)_k; where drow is not null sets it to weight * (softmax(row) - q).
/// `hit` says whether the label is the arg-max (the first of equals). With a logit that is NaN the
/// loss is NaN and nothing is hit.
MAPNET_HOST_DEVICE inline float cross_entropy_row(const float* row, int classes, int label,
                                                  float weight, float smoothing, float* drow,
                                                  bool& hit) {
  int best = 0;
  for (int k = 1; k < classes; ++k)
    if (row[k] > row[best]) best = k;
  float sum = 0;
  for (int k = 0; k < classes; ++k) {
    const float shifted = row[k] - row[best];
    sum += math::exp(shifted < -80.0f ? -80.0f : shifted);
  }
  const bool numbers = sum == sum;  // the logarithm of NaN is some number, which would hide it
  hit = numbers && best == label;
  const float others = smoothing / static_cast<float>(classes);
  if (drow)
    for (int k = 0; k < classes; ++k) {
      const float shifted = row[k] - row[best];
      const float p = math::exp(shifted < -80.0f ? -80.0f : shifted) / sum;
      drow[k] = weight * (p - ((k == label ? 1.0f - smoothing : 0.0f) + others));
    }
  if (!numbers) return sum;
  const float of_label = row[label] - row[best];
  if (smoothing == 0.0f) return math::log(sum) - of_label;
  float of_all = 0;
  for (int k = 0; k < classes; ++k) of_all += row[k] - row[best];
  return math::log(sum) - ((1.0f - smoothing) * of_label + others * of_all);
}

/// Adds the step that adds the loss, hits and samples of a batch to the control block's sums, over
/// its first control.now.count rows, and where `dlogits` is a buffer sets it [N, K] to the gradient
/// of the mean loss over those rows, zero in the others; logits [N, K], labels int32 [N].
/// `smoothing` as cross_entropy_row takes it: of the loss and of its gradient.
void cross_entropy(Schedule& schedule, const std::string& name, const Tensor& logits,
                   BufferId labels, BufferId control, BufferId dlogits, float smoothing = 0);

/// The same with a gradient, in a new buffer: returns dlogits.
Tensor cross_entropy_forward_backward(Schedule& schedule, const std::string& name,
                                      const Tensor& logits, BufferId labels, BufferId control,
                                      float smoothing = 0);

}  // namespace mapnet
