#pragma once

#include <string>

#include "device/schedule.hpp"
#include "device/tensor.hpp"

namespace mapnet {

/// Adds the step y = a + b, with `relu` y = max(0, a + b): a residual connection. a and b of one
/// shape and layout, which y has too, in a new buffer.
Tensor add_forward(Schedule& schedule, const std::string& name, const Tensor& a, const Tensor& b,
                   bool relu);

}  // namespace mapnet
