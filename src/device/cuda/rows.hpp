#pragma once

#include <cuda_runtime.h>

#include <algorithm>
#include <bit>
#include <cstddef>

namespace mapnet::cuda {

/// Threads of a block that works on rows: threadIdx.x runs along a row, in steps of blockDim.x,
/// threadIdx.y over rows. Short rows share a warp, so that few of its lanes are idle.
inline constexpr unsigned kRowThreads = 256;

inline dim3 row_block(std::size_t length) {
  const auto across = static_cast<unsigned>(std::bit_ceil(std::min<std::size_t>(length, 32)));
  return dim3(across, kRowThreads / across);
}

}  // namespace mapnet::cuda
