#pragma once

#include <string>

#include "device/schedule.hpp"
#include "device/tensor.hpp"

namespace mapnet {

/// Softmax cross-entropy of each pixel (segmentation).
struct PixelCrossEntropyDesc {
  int ignore = -1;  ///< pixels of this label count nowhere; -1: none
};

/// Adds the steps that add to the control block's sums, over the first control.now.count images:
/// loss_sum and correct over the pixels that are not ignored, `scored` their number, `seen` the
/// images. logits [N, K, H, W], labels uint8 [N, H, W].
/// Where `dlogits` has a buffer (shape and layout of logits) sets it to the gradient of the mean
/// loss over those pixels, zero elsewhere. Where `confusion` is a buffer adds to its uint64 [K, K]
/// at (label, arg-max) one a pixel. The first of equal logits is the arg-max.
void pixel_cross_entropy(Schedule& schedule, const std::string& name,
                         const PixelCrossEntropyDesc& desc, const Tensor& logits, BufferId labels,
                         BufferId control, const Tensor& dlogits, BufferId confusion);

}  // namespace mapnet
