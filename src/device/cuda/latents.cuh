#pragma once

#include <cuda_runtime.h>

#include "device/cuda/hadamard_columns.cuh"
#include "device/cuda/signs.cuh"

/// What a forward pass computes of z alone, before it comes to rows.
namespace mapnet::cuda {

/// [m] H D x, scaled: what all tiles share. Neighbours are stored so that the threads of a tile
/// read theirs, 16 each, four at a time from neighbouring addresses.
struct MixedVector {
  float* out = nullptr;
  SignStream signs{};
  float scale = 0;
  const float* factor = nullptr;  ///< of v*z with this v, not of z
};

/// Where point i of a mixed vector lies.
__device__ inline std::size_t mixed_place(std::size_t i, int pack_bits) {
  const std::size_t local = i & ((std::size_t{1} << pack_bits) - 1);
  return (i - local) + ((local >> 2 & 3) << (pack_bits - 2)) + (local >> 4 << 2) + (local & 3);
}

/// A thread's 16 points of a mixed vector, of which it holds i ... i + 15, times their signs.
template <bool kAdd>
__device__ __forceinline__ void load_mixed(float (&v)[16], const float* mixed, std::size_t i,
                                           int pack_bits, std::uint32_t signs) {
  const auto* from = reinterpret_cast<const float4*>(mixed + mixed_place(i, pack_bits));
#pragma unroll
  for (int q = 0; q < 4; ++q) {
    const float4 x = from[static_cast<std::size_t>(q) << (pack_bits - 4)];
    const float four[4] = {x.x, x.y, x.z, x.w};
#pragma unroll
    for (int k = 0; k < 4; ++k) {
      const float y = flipped(four[k], signs, 4 * q + k);
      v[4 * q + k] = kAdd ? v[4 * q + k] + y : y;
    }
  }
}

/// The pack's part of H D x: all of it but for the column passes. Blocks: packs by vectors.
template <int kLog>
__global__ void __launch_bounds__(Pack<kLog>::kThreads)
    mix_kernel(const float* z, std::size_t d, TileShape shape, MixedVector first,
               MixedVector second) {
  __shared__ float exchange[Pack<kLog>::kExchange];
  const bool of_first = blockIdx.y == 0;
  const SignStream diagonal = {of_first ? first.signs.seed : second.signs.seed,
                               of_first ? first.signs.stream : second.signs.stream,
                               of_first ? first.signs.block : second.signs.block,
                               of_first ? first.signs.round : second.signs.round};
  const float scale = of_first ? first.scale : second.scale;
  const float* factor = of_first ? first.factor : second.factor;
  float* out = of_first ? first.out : second.out;
  const int t = static_cast<int>(threadIdx.x);
  const std::size_t begin = static_cast<std::size_t>(blockIdx.x) << kLog;
  const std::size_t i = begin + static_cast<std::size_t>(16 * t);
  const std::uint32_t signs = inner_signs(diagonal, i);
  float v[16];
#pragma unroll
  for (int r = 0; r < 16; ++r) {
    const std::size_t k = i + static_cast<std::size_t>(r);
    const float x = k < d ? z[k] : 0.0f;
    v[r] = flipped(factor && k < d ? x * factor[k] * scale : x * scale, signs, r);
  }
  Pack<kLog>::transform_up(v, exchange, shape.pack_bits());
  const int at = Pack<kLog>::template first_point<Pack<kLog>::kLast>(t);
#pragma unroll
  for (int r = 0; r < 16; ++r) {
    const std::size_t point = begin + static_cast<std::size_t>(at + (r << Pack<kLog>::kLast));
    if (point < shape.points()) out[mixed_place(point, shape.pack_bits())] = v[r];
  }
}

/// Enqueues the mixing of one vector, or of two whose outputs lie one behind the other.
inline void mix_latents(cudaStream_t stream, const float* z, std::size_t d, const TileShape& shape,
                        const MixedVector& first, const MixedVector& second) {
  const unsigned vectors = second.out ? 2 : 1;
  with_log_pack(shape, [&](auto log) {
    launch(stream, dim3(static_cast<unsigned>(shape.packs_a_tile()), vectors),
           Pack<log()>::kThreads, mix_kernel<log()>, z, d, shape, first, second);
  });
  for (const ColumnPass& pass : column_passes(shape))
    run_columns(stream, PlainRows{first.out}, PlainRows{first.out}, pass, vectors * shape.points());
}

inline constexpr unsigned kLatentThreads = 256;

/// *shift = alpha v . z, summed in double in an order of its own: rounded to float it is the
/// CPU's but where the two doubles fall on either side of a tie. padded [ld] = z and zeros. Either
/// may be null. One block. (A template, so that a file that does not launch it has none.)
template <unsigned kThreads>
__global__ void __launch_bounds__(kThreads)
    latents_kernel(const float* z, const float* v, std::size_t d, float alpha, float* shift,
                   float* padded, std::size_t ld) {
  __shared__ double sums[kThreads];
  double sum = 0;
  for (std::size_t k = threadIdx.x; k < ld; k += kThreads) {
    const float x = k < d ? z[k] : 0.0f;
    if (k < d) sum += static_cast<double>(x) * static_cast<double>(v[k]);
    if (padded) padded[k] = x;
  }
  sums[threadIdx.x] = sum;
  for (unsigned half = kThreads / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) sums[threadIdx.x] += sums[threadIdx.x + half];
  }
  if (threadIdx.x == 0 && shift) *shift = static_cast<float>(static_cast<double>(alpha) * sums[0]);
}

}  // namespace mapnet::cuda
