#pragma once

#include <cstdint>

#include "device/map_tiles.hpp"
#include "device/math.hpp"

/// A tile of 2^kLog points transformed by one block: 16 values a thread in registers, four bits of
/// the index a phase, exchanged through shared memory between phases.
namespace mapnet::cuda {

inline constexpr int kMinLogPoints = 4, kMaxLogPoints = 13;

/// A Tiling as a kernel takes it: without its block's name.
struct Tiles {
  std::size_t rows, latents, theta_offset;
  std::size_t points, tiles, groups;
  SignStream outer, inner, modulation_outer, modulation_inner;
};

inline Tiles tiles_of(const Tiling& t) {
  return {t.block.rows, t.block.latents, t.block.theta_offset, t.points,          t.tiles, t.groups,
          t.outer,      t.inner,         t.modulation_outer,   t.modulation_inner};
}

template <int kLog>
struct Tile {
  static constexpr int kPoints = 1 << kLog;
  static constexpr int kThreads = kPoints / 16;
  static constexpr int kPhases = (kLog + 3) / 4;

  /// One value in sixteen is skipped, so that neither the first phase's threads, 16 apart, nor the
  /// second's meet in a bank.
  static constexpr int kExchange = kPoints + kPoints / 16;
  __device__ static int padded(int i) { return i + (i >> 4); }

  template <int kPhase>
  static constexpr int kRadix = 1 << (kLog - 4 * kPhase < 4 ? kLog - 4 * kPhase : 4);

  /// Index of this thread's value k in a phase, whose bits are 4 kPhase and up.
  template <int kPhase>
  __device__ static int index(int k) {
    constexpr int kStride = 1 << (4 * kPhase), kR = kRadix<kPhase>;
    const int rest = static_cast<int>(threadIdx.x) + kThreads * (k / kR);
    return rest % kStride + kStride * (k % kR) + kStride * kR * (rest / kStride);
  }

  template <int kPhase>
  __device__ static void butterflies(float (&v)[16]) {
    constexpr int kR = kRadix<kPhase>;
#pragma unroll
    for (int h = 1; h < kR; h *= 2)
#pragma unroll
      for (int k = 0; k < 16; ++k)
        if (!(k % kR & h)) {
          const float a = v[k], b = v[k + h];
          v[k] = a + b;
          v[k + h] = a - b;
        }
  }

  template <int kFrom, int kTo>
  __device__ static void exchange(float (&v)[16], float* shared) {
    __syncthreads();  // whoever still reads the last exchange
#pragma unroll
    for (int k = 0; k < 16; ++k) shared[padded(index<kFrom>(k))] = v[k];
    __syncthreads();
#pragma unroll
    for (int k = 0; k < 16; ++k) v[k] = shared[padded(index<kTo>(k))];
  }

  /// H v, low bits first as on the CPU, so with its bits; from the first phase's layout to the
  /// last's, in which neighbouring threads hold neighbouring values.
  template <int kPhase = 0>
  __device__ static void forward(float (&v)[16], float* shared) {
    butterflies<kPhase>(v);
    if constexpr (kPhase + 1 < kPhases) {
      exchange<kPhase, kPhase + 1>(v, shared);
      forward<kPhase + 1>(v, shared);
    }
  }

  /// H v, high bits first, from the last phase's layout to the first's.
  template <int kPhase = kPhases - 1>
  __device__ static void backward(float (&v)[16], float* shared) {
    butterflies<kPhase>(v);
    if constexpr (kPhase > 0) {
      exchange<kPhase, kPhase - 1>(v, shared);
      backward<kPhase - 1>(v, shared);
    }
  }

  static constexpr int kDraws = (kPoints + 127) / 128;

  /// A tile's random words, four a draw, into shared memory. Barriers are the caller's.
  __device__ static void draw_signs(std::uint32_t* words, const SignStream& signs,
                                    std::size_t tile) {
    if (static_cast<int>(threadIdx.x) >= kDraws) return;
    const auto draw =
        random_words(signs.seed, signs.stream, tile * kDraws + threadIdx.x, signs.block);
    for (unsigned k = 0; k < 4; ++k) words[4 * threadIdx.x + k] = draw[k];
  }

  /// x with the sign of point i.
  __device__ static float flip(float x, const std::uint32_t* words, int i) {
    const std::uint32_t sign = (words[i / 32] >> (i % 32)) << 31;
    return math::bits_to_float(math::float_to_bits(x) ^ sign);
  }
};

/// Calls f with std::integral_constant<int, log2(points)>.
template <class F>
void with_log_points(std::size_t points, const F& f) {
  const auto pick = [&]<int kLog>(const auto& self, std::integral_constant<int, kLog> log) {
    if (points == std::size_t{1} << kLog) return f(log);
    if constexpr (kLog < kMaxLogPoints) return self(self, std::integral_constant<int, kLog + 1>());
  };
  pick(pick, std::integral_constant<int, kMinLogPoints>());
}

/// scale_j of row `row` of theta.
__device__ inline float scale_of(const RowScale* scales, int n, std::size_t row) {
  int low = 0, high = n - 1;
  while (low < high) {
    const int middle = (low + high + 1) / 2;
    if (scales[middle].offset <= row)
      low = middle;
    else
      high = middle - 1;
  }
  return scales[low].scale;
}

}  // namespace mapnet::cuda
