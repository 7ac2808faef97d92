#pragma once

#include <cuda_runtime.h>

#include <cstddef>

#include "device/cuda/launch.hpp"

/// Sums over the rows of a matrix, say the parts of a shared sum, each in an order that depends on
/// the shape alone.
namespace mapnet::cuda {

inline constexpr unsigned kSumLanes = 32;

/// sums [columns] = sum over g of parts [groups, columns]. A block takes 32 columns; each of its 32
/// warps adds every 32nd group, eight loads in flight, then the warps are added pairwise.
template <class T>
__global__ void __launch_bounds__(32 * kSumLanes)
    sum_groups_kernel(const T* parts, T* sums, std::size_t groups, std::size_t columns) {
  __shared__ T lanes[kSumLanes][32];
  const std::size_t column = blockIdx.x * std::size_t{32} + threadIdx.x;
  T sum = 0;
  if (column < columns) {
    std::size_t g = threadIdx.y;
    for (; g + 7 * kSumLanes < groups; g += 8 * kSumLanes) {
      T x[8];
#pragma unroll
      for (std::size_t k = 0; k < 8; ++k) x[k] = parts[(g + k * kSumLanes) * columns + column];
#pragma unroll
      for (std::size_t k = 0; k < 8; ++k) sum += x[k];
    }
    for (; g < groups; g += kSumLanes) sum += parts[g * columns + column];
  }
  lanes[threadIdx.y][threadIdx.x] = sum;
  for (unsigned half = kSumLanes / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.y < half)
      lanes[threadIdx.y][threadIdx.x] += lanes[threadIdx.y + half][threadIdx.x];
  }
  if (threadIdx.y == 0 && column < columns) sums[column] = lanes[0][threadIdx.x];
}

template <class T>
void sum_groups(cudaStream_t stream, const T* parts, T* sums, std::size_t groups,
                std::size_t columns) {
  launch(stream, blocks_for(columns, 32), dim3(32, kSumLanes), sum_groups_kernel<T>, parts, sums,
         groups, columns);
}

}  // namespace mapnet::cuda
