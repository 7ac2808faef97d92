#pragma once

#include <string>

#include "device/ops/map.hpp"
#include "device/tensor.hpp"

/// What the .cu files ask of their arguments: nvcc 13 does not compile fmt 9, so they cannot say
/// what is wrong with them.
namespace mapnet::cuda {

/// Throws Error when x is not laid out so.
void require_layout(const std::string& name, const Tensor& x, int channel_block);

/// Throws Error when the positions within a pooling window do not fit a byte.
void require_window(const std::string& name, int window);

/// Throws UsageError when a Hadamard transform (the map's or signed modulation's) is longer than
/// 2^26 points.
void require_points(const MapDesc& desc);

/// Throws UsageError when a matrix of a Kronecker map has more values than kernels can number.
void require_matrices(const MapDesc& desc);

}  // namespace mapnet::cuda
