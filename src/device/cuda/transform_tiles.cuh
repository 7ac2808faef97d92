#pragma once

#include "device/cuda/hadamard_columns.cuh"

/// The Hadamard transform of values in memory, tile by tile: for passes that are not fused with
/// what comes before and after them.
namespace mapnet::cuda {

template <int kLog>
__global__ void __launch_bounds__(Pack<kLog>::kThreads)
    transform_packs_kernel(float* values, std::size_t points, int bits) {
  __shared__ float exchange[Pack<kLog>::kExchange];
  const int t = static_cast<int>(threadIdx.x);
  const std::size_t begin = static_cast<std::size_t>(blockIdx.x) << kLog;
  const std::size_t i = begin + static_cast<std::size_t>(16 * t);
  float v[16];
#pragma unroll
  for (std::size_t r = 0; r < 16; ++r) v[r] = i + r < points ? values[i + r] : 0.0f;
  Pack<kLog>::transform_up(v, exchange, bits);
  const auto at =
      begin + static_cast<std::size_t>(Pack<kLog>::template first_point<Pack<kLog>::kLast>(t));
#pragma unroll
  for (std::size_t r = 0; r < 16; ++r) {
    const std::size_t point = at + (r << Pack<kLog>::kLast);
    if (point < points) values[point] = v[r];
  }
}

/// Enqueues values [tiles, m] = H values, each tile, in place.
inline void transform_tiles(cudaStream_t stream, float* values, const TileShape& shape,
                            std::size_t tiles) {
  const std::size_t points = tiles << shape.log_points;
  with_log_pack(shape, [&](auto log) {
    launch(stream, static_cast<unsigned>(shape.packs_of(tiles)), Pack<log()>::kThreads,
           transform_packs_kernel<log()>, values, points, shape.pack_bits());
  });
  for (const ColumnPass& pass : column_passes(shape))
    run_columns(stream, PlainRows{values}, PlainRows{values}, pass, points);
}

}  // namespace mapnet::cuda
