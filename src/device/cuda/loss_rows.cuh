#pragma once

#include "device/cuda/block_sum.cuh"
#include "device/cuda/launch.hpp"
#include "device/cuda/row_scales.cuh"

/// A pass over the rows of theta that adds up what it finds: a term of the mapping loss.
namespace mapnet::cuda {

inline constexpr unsigned kLossThreads = 256;
inline constexpr std::size_t kLossRows = 2048;  ///< a block's

/// parts [blocks] = sums of rows(j, scale_j, *lambda) over a block's rows.
template <class Rows>
__global__ void __launch_bounds__(kLossThreads)
    loss_rows_kernel(Rows rows, RowScales scales, std::size_t n, const float* lambda,
                     double* parts) {
  __shared__ double shared[kLossThreads];
  const std::size_t begin = blockIdx.x * kLossRows;
  const std::size_t end = begin + kLossRows < n ? begin + kLossRows : n;
  const float weight = *lambda;
  double sum = 0;
  for (std::size_t j = begin + threadIdx.x; j < end; j += kLossThreads)
    sum += static_cast<double>(rows(j, scales.at(j), weight));
  sum = block_sum<kLossThreads>(sum, shared);
  if (threadIdx.x == 0) parts[blockIdx.x] = sum;
}

inline std::size_t loss_blocks(std::size_t n) { return (n + kLossRows - 1) / kLossRows; }

/// Enqueues the pass over n rows, whose sum is added to *value.
template <class Rows>
void add_loss_rows(cudaStream_t stream, const Rows& rows, const RowScales& scales, std::size_t n,
                   const float* lambda, double* parts, double* value) {
  const std::size_t blocks = loss_blocks(n);
  launch(stream, static_cast<unsigned>(blocks), kLossThreads, loss_rows_kernel<Rows>, rows, scales,
         n, lambda, parts);
  launch(stream, 1, kLossThreads, add_parts_kernel<kLossThreads>, value, parts, blocks);
}

}  // namespace mapnet::cuda
