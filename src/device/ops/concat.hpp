#pragma once

#include <string>
#include <vector>

#include "device/schedule.hpp"
#include "device/tensor.hpp"

namespace mapnet {

/// Adds the step that puts tensors [N, C_i, H, W] behind one another along the channels; returns
/// [N, sum C_i, H, W] in a new buffer. All of one layout; where that is blocked, every C_i but the
/// last is a multiple of the block (Error otherwise: relayout to plain first).
Tensor concat_forward(Schedule& schedule, const std::string& name,
                      const std::vector<Tensor>& parts);

/// Adds the step that cuts dy [N, sum C_i, H, W] again: the gradient of each part, of its shape, in
/// the layout of dy and in a buffer of its own. A part with `needed` false gets none.
std::vector<Tensor> concat_backward(Schedule& schedule, const std::string& name, const Tensor& dy,
                                    const std::vector<Tensor>& parts,
                                    const std::vector<bool>& needed);

}  // namespace mapnet
