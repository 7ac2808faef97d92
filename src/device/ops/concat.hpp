#pragma once

#include <string>
#include <vector>

#include "device/schedule.hpp"
#include "device/tensor.hpp"

namespace mapnet {

/// Adds the step that puts tensors [N, C_i, H, W] behind one another along the channels; returns
/// [N, sum C_i, H, W] in a new buffer. All of one layout; where that is blocked, every C_i but the
/// last is a multiple of the block (Error otherwise: relayout to plain first), so that an image of
/// the whole is one of each part behind the other.
Tensor concat_forward(Schedule& schedule, const std::string& name,
                      const std::vector<Tensor>& parts);

/// Adds the step that cuts dy [N, sum C_i, H, W] again: the gradient of each part, of its shape, in
/// the layout of dy and in a buffer of its own. A part with `needed` false gets none: its tensor
/// has no buffer.
std::vector<Tensor> concat_backward(Schedule& schedule, const std::string& name, const Tensor& dy,
                                    const std::vector<Tensor>& parts,
                                    const std::vector<bool>& needed);

// What both twins do before and between the copies.

/// What concatenated parts make, without a buffer. Throws Error as concat_forward does.
Tensor concat_shape(const std::string& name, const std::vector<Tensor>& parts);

/// The tensors that concat_backward returns, with their buffers. Throws Error where the parts do
/// not make dy.
std::vector<Tensor> concat_gradients(Schedule& schedule, const std::string& name, const Tensor& dy,
                                     const std::vector<Tensor>& parts,
                                     const std::vector<bool>& needed);

/// Where each image's values of a part lie, in the part and in the whole.
struct ConcatCopy {
  float *part, *whole;  ///< of the first image
  std::size_t part_image,
      whole_image;  ///< floats from one image to the next; part_image are copied
};

/// A step, yet without `bind`, that copies parts with a buffer into the whole or back; and its
/// copies.
Step concat_step(const std::string& name, const Tensor& whole, const std::vector<Tensor>& parts,
                 bool into_whole);
std::vector<ConcatCopy> concat_copies(const Memory& memory, const Tensor& whole,
                                      const std::vector<Tensor>& parts);

}  // namespace mapnet
