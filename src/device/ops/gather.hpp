#pragma once

#include <string>

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
/// beyond are zero with label 0.
void gather_batch(Schedule& schedule, const std::string& name, const ImageBuffers& set,
                  BufferId control, const Tensor& x, BufferId labels);

}  // namespace mapnet
