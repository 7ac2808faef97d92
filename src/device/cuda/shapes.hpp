#pragma once

#include <string>

#include "device/ops/conv_pool2d.hpp"
#include "device/tensor.hpp"

/// What the .cu files ask of their arguments: nvcc 13 does not compile fmt 9, so they cannot say
/// what is wrong with them.
namespace mapnet::cuda {

/// Windows whose positions fit a byte.
inline constexpr int kMostWindow = 16;

/// Throws Error when x is not laid out so.
void require_layout(const std::string& name, const Tensor& x, int channel_block);

/// Shape of max_pool(x), without a buffer. Throws Error when the window does not fit.
Tensor pooled(const std::string& name, int window, const Tensor& x);

/// The same for the output x of a joined convolution. Throws Error when that has a ReLU of its own,
/// or the window more than kMostWindow rows.
Tensor pooled(const std::string& name, const ConvPool2dDesc& desc, const Tensor& x);

}  // namespace mapnet::cuda
