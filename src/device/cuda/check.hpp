#pragma once

#include <cuda_runtime.h>

namespace mapnet::cuda {

/// Throws Error with the call, what CUDA says and where.
[[noreturn]] void fail_call(cudaError_t status, const char* call, const char* file, int line);

}  // namespace mapnet::cuda

/// Every call of the CUDA runtime is checked: MAPNET_CUDA(cudaMalloc(&p, n)).
#define MAPNET_CUDA(call)                                                  \
  do {                                                                     \
    const cudaError_t mapnet_status = (call);                              \
    if (mapnet_status != cudaSuccess)                                      \
      ::mapnet::cuda::fail_call(mapnet_status, #call, __FILE__, __LINE__); \
  } while (false)
