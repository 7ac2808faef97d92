#pragma once

#include <cuda_runtime.h>

#include "device/cuda/check.hpp"

namespace mapnet::cuda {

/// Enqueues kernel(args...) on `stream`. Kernels use static shared memory only.
template <class... Params, class... Args>
void launch(cudaStream_t stream, dim3 grid, dim3 block, void (*kernel)(Params...),
            const Args&... args) {
  cudaLaunchConfig_t config{};
  config.gridDim = grid;
  config.blockDim = block;
  config.stream = stream;
  MAPNET_CUDA(cudaLaunchKernelEx(&config, kernel, static_cast<Params>(args)...));
}

/// Blocks of `size` that cover n.
constexpr unsigned blocks_for(std::size_t n, std::size_t size) {
  return static_cast<unsigned>((n + size - 1) / size);
}

}  // namespace mapnet::cuda
