#pragma once

#include <string>

#include "device/schedule.hpp"
#include "device/tensor.hpp"

namespace mapnet {

/// Adds the step y = a + b, with `relu` y = max(0, a + b): a residual connection. a and b of one
/// shape and layout (Error otherwise), which y has too, in a new buffer. The gradient of both is
/// that of y, behind relu_backward where there is a ReLU.
Tensor add_forward(Schedule& schedule, const std::string& name, const Tensor& a, const Tensor& b,
                   bool relu);

/// Throws Error where the two cannot be added.
void require_same_layout(const std::string& name, const Tensor& a, const Tensor& b);

}  // namespace mapnet
