#pragma once

#include <string>

#include "device/ops/augment.hpp"
#include "device/schedule.hpp"
#include "device/tensor.hpp"

namespace mapnet {

/// A labelled image set as it lies in the arena, 8 bits a pixel.
struct ImageBuffers {
  BufferId images = kNoBuffer;  ///< uint8 [n, C, H, W]
  BufferId labels = kNoBuffer;  ///< uint8 [n]
  BufferId order = kNoBuffer;   ///< uint32: the sample at each position
};

/// Adds the step that fills x [N, C, H, W] (plain, scaled as the control block says) and labels
/// int32 [N] with the samples at positions control.first ... + control.count of the order; rows
/// beyond are zero with label 0. Each image is augmented as `augment` and control.now.step say;
/// where it then has no pixel, x is what a pixel of 0 becomes.
void gather_batch(Schedule& schedule, const std::string& name, const ImageBuffers& set,
                  BufferId control, const Tensor& x, BufferId labels,
                  const AugmentDesc& augment = {});

}  // namespace mapnet
