#pragma once

#include <string>

#include "device/ops/max_pool.hpp"

/// Max-pooling that keeps where each maximum was, in a byte a window: what max_pool and conv_pool2d
/// have in common. cuDNN's pooling of float32 in plain order would keep x and y for its backward
/// pass, and does not say which of equal maxima it takes.
namespace mapnet::cuda {

/// Adds the step y = max over windows of x, + bias [channels] unless that is absent: where there
/// are fewer values to add it to, the maximum stays where it is.
MaxPool add_pool_forward(Schedule& schedule, const std::string& name, const MaxPoolDesc& desc,
                         const Tensor& x, const ParamSlice& bias, const std::string& argmax_name);

/// Adds the step that sets all of dx [shape of x]: the sum of dy over the windows whose
/// maximum it was.
void add_pool_backward(Schedule& schedule, const std::string& name, const MaxPoolDesc& desc,
                       const Tensor& dx, const MaxPool& forward, const Tensor& dy);

}  // namespace mapnet::cuda
