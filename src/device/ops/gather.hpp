#pragma once

#include <cstddef>
#include <string>

#include "device/ops/augment.hpp"
#include "device/schedule.hpp"
#include "device/tensor.hpp"

namespace mapnet {

/// A labelled image set as it lies in the arena, 8 bits a pixel.
struct ImageBuffers {
  BufferId images = kNoBuffer;  ///< uint8 [n, C, H, W]
  BufferId labels = kNoBuffer;  ///< uint8 [n, label_size]
  BufferId order = kNoBuffer;   ///< uint32: the sample at each position
  std::size_t label_size = 1;   ///< labels a sample; H * W: one a pixel
  int ignore = 0;               ///< label of a pixel that augmentation brings in from outside
};

/// Adds the step that fills x [N, C, H, W] (plain, each channel scaled as the control block says)
/// and `labels` with the samples at positions control.first ... + control.count of the order; rows
/// beyond are zero with labels 0. `labels` is int32 [N], or where pixels have labels uint8
/// [N, H * W]. Each image is augmented as `augment` and control.now.step say; where it then has no
/// pixel, x is what a pixel of 0 becomes. Labels of pixels are flipped and moved with them; what is
/// cut out of an image keeps its label. Throws Error for more than kMaxImageChannels channels, and
/// for labels that are neither one an image nor one a pixel.
void gather_batch(Schedule& schedule, const std::string& name, const ImageBuffers& set,
                  BufferId control, const Tensor& x, BufferId labels,
                  const AugmentDesc& augment = {});

/// Throws Error as gather_batch does.
void require_image_set(const std::string& name, const ImageBuffers& set, const Tensor& x);

}  // namespace mapnet
