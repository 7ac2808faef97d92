#pragma once

#include "device/ops/map.hpp"

namespace mapnet::cuda {

/// Throws UsageError where a transform is longer than its kernels number points: more than 2^26
/// latents with the Hadamard map or signed modulation.
void check_points(const MapDesc& desc);

/// Throws Error: the Gaussian's columns are too close to dependent.
[[noreturn]] void fail_dependent(const std::string& block, std::size_t d, std::size_t rows,
                                 int stopped_at);

}  // namespace mapnet::cuda
