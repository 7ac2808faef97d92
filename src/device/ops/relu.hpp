#pragma once

#include <string>

#include "device/schedule.hpp"
#include "device/tensor.hpp"

namespace mapnet {

/// Adds the step of x = max(0, x), in place.
void relu_forward(Schedule& schedule, const std::string& name, const Tensor& x);

/// Adds the step of dy = y > 0 ? dy : 0, in place. y: the ReLU's output; dy in the layout of y.
void relu_backward(Schedule& schedule, const std::string& name, const Tensor& y, const Tensor& dy);

}  // namespace mapnet
