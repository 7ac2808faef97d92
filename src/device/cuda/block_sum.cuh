#pragma once

#include <cuda_runtime.h>

/// Sums over the threads of a block, and from block to block, always in the same order.
namespace mapnet::cuda {

/// The sum of every thread's `value` in thread 0, in others 0; shared [kThreads], a power of two.
template <unsigned kThreads, class T>
__device__ inline T block_sum(T value, T* shared) {
  __syncthreads();  // whoever still reads the last sum
  shared[threadIdx.x] = value;
  for (unsigned half = kThreads / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) shared[threadIdx.x] += shared[threadIdx.x + half];
  }
  return threadIdx.x == 0 ? shared[0] : T{};  // which no other thread may read yet
}

/// *to += the sum of parts [n]. One block. (A template, so that a file that does not launch it has
/// none.)
template <unsigned kThreads>
__global__ void __launch_bounds__(kThreads)
    add_parts_kernel(double* to, const double* parts, std::size_t n) {
  __shared__ double shared[kThreads];
  double sum = 0;
  for (std::size_t i = threadIdx.x; i < n; i += kThreads) sum += parts[i];
  sum = block_sum<kThreads>(sum, shared);
  if (threadIdx.x == 0) *to += sum;
}

}  // namespace mapnet::cuda
