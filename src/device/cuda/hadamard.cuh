#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <type_traits>

/// The Hadamard transform as one block of threads does it: a pack of 2^kLog points, 16 a thread in
/// registers, of which it transforms the low bits alone: a pack may hold many tiles, or be one
/// stretch of a larger one.
namespace mapnet::cuda {

inline constexpr int kMinLogPack = 11, kMaxLogPack = 13;

/// One stage: butterflies between registers whose numbers differ in bit kBit.
template <int kBit>
__device__ __forceinline__ void butterflies(float (&v)[16]) {
#pragma unroll
  for (int r = 0; r < 16; ++r)
    if (!(r & (1 << kBit))) {
      const float a = v[r], b = v[r | (1 << kBit)];
      v[r] = a + b;
      v[r | (1 << kBit)] = a - b;
    }
}

template <int kLog>
struct Pack {
  static constexpr int kPoints = 1 << kLog;
  static constexpr int kThreads = kPoints / 16;

  /// A thread holds a window of four bits: the 16 points that differ in bits kBit ... kBit + 3.
  /// Window 0 is 16 neighbours; in window kLast neighbouring threads hold neighbours.
  static constexpr int kLast = kLog - 4;

  /// The first of thread t's points in a window; register r holds it + (r << kBit).
  template <int kBit>
  __device__ static int first_point(int t) {
    if constexpr (kBit == 0) return t << 4;
    // Lanes 16 apart hold points 512 apart, whose padded places lie in different banks.
    if constexpr (kBit == 4)
      return (t & 15) | ((t >> 4) & 1) << 9 | ((t >> 5) & 1) << 8 | (t >> 6) << 10;
    return (t & ((1 << kBit) - 1)) | (t >> kBit) << (kBit + 4);
  }

  /// Where point i lies during an exchange: in every window a warp's points then lie in 32 banks.
  static constexpr int padded(int i) { return i + (i >> 5); }
  static constexpr int kExchange = padded(kPoints);

  template <int kFrom, int kTo>
  __device__ __forceinline__ static void exchange(float (&v)[16], float* shared, int t) {
    float* from = shared + padded(first_point<kFrom>(t));
#pragma unroll
    for (int r = 0; r < 16; ++r) from[padded(r << kFrom)] = v[r];
    __syncthreads();
    const float* to = shared + padded(first_point<kTo>(t));
#pragma unroll
    for (int r = 0; r < 16; ++r) v[r] = to[padded(r << kTo)];
  }

  /// The stages of bits kFrom ... kTo - 1, unless kAll only those below `bits`, in a window that
  /// holds them.
  template <bool kAll, int kWindow, int kFrom, int kTo>
  __device__ __forceinline__ static void stages_up(float (&v)[16], int bits) {
    if constexpr (kFrom < kTo) {
      if (kAll || kFrom < 4 || kFrom < bits) butterflies<kFrom - kWindow>(v);
      stages_up<kAll, kWindow, kFrom + 1, kTo>(v, bits);
    }
  }
  template <bool kAll, int kWindow, int kFrom, int kTo>
  __device__ __forceinline__ static void stages_down(float (&v)[16], int bits) {
    if constexpr (kFrom < kTo) {
      if (kAll || kTo <= 4 || kTo - 1 < bits) butterflies<kTo - 1 - kWindow>(v);
      stages_down<kAll, kWindow, kFrom, kTo - 1>(v, bits);
    }
  }

  template <bool kAll>
  __device__ __forceinline__ static void all_up(float (&v)[16], float* shared, int bits) {
    const int t = static_cast<int>(threadIdx.x);
    stages_up<kAll, 0, 0, 4>(v, bits);
    exchange<0, 4>(v, shared, t);
    stages_up<kAll, 4, 4, 8>(v, bits);
    // From here on a thread writes where it alone has read: no barrier before.
    if constexpr (kLast <= 8) {
      exchange<4, kLast>(v, shared, t);
      stages_up<kAll, kLast, 8, kLog>(v, bits);
    } else {
      exchange<4, 8>(v, shared, t);
      stages_up<kAll, 8, 8, 12>(v, bits);
      exchange<8, kLast>(v, shared, t);
      stages_up<kAll, kLast, 12, kLog>(v, bits);
    }
  }

  template <bool kAll>
  __device__ __forceinline__ static void all_down(float (&v)[16], float* shared, int bits) {
    const int t = static_cast<int>(threadIdx.x);
    if constexpr (kLast <= 8) {
      stages_down<kAll, kLast, 8, kLog>(v, bits);
      exchange<kLast, 4>(v, shared, t);
    } else {
      stages_down<kAll, kLast, 12, kLog>(v, bits);
      exchange<kLast, 8>(v, shared, t);
      stages_down<kAll, 8, 8, 12>(v, bits);
      exchange<8, 4>(v, shared, t);
    }
    stages_down<kAll, 4, 4, 8>(v, bits);
    exchange<4, 0>(v, shared, t);
    stages_down<kAll, 0, 0, 4>(v, bits);
  }

  // Only the smallest pack is ever transformed in part; a test at each stage costs the whole ones a
  // fifth of their instructions.

  /// Low bits first, as on the CPU, so with its bits: from window 0 to window kLast. `bits` is at
  /// least 4, and kLog in packs larger than the smallest.
  __device__ __forceinline__ static void transform_up(float (&v)[16], float* shared, int bits) {
    __syncthreads();  // whoever still reads the last exchange
    if (kLog > kMinLogPack || bits == kLog)
      all_up<true>(v, shared, bits);
    else
      all_up<false>(v, shared, bits);
  }

  /// High bits first: from window kLast to window 0.
  __device__ __forceinline__ static void transform_down(float (&v)[16], float* shared, int bits) {
    __syncthreads();
    if (kLog > kMinLogPack || bits == kLog)
      all_down<true>(v, shared, bits);
    else
      all_down<false>(v, shared, bits);
  }
};

/// How a map block's tiles of 2^log_points points are cut into packs.
struct TileShape {
  int log_points = 0;

  constexpr std::size_t points() const { return std::size_t{1} << log_points; }
  constexpr int log_pack() const {
    return log_points < kMinLogPack   ? kMinLogPack
           : log_points < kMaxLogPack ? log_points
                                      : kMaxLogPack;
  }
  /// Bits transformed within a pack; what is left takes passes over columns.
  constexpr int pack_bits() const { return log_points < kMaxLogPack ? log_points : kMaxLogPack; }
  /// Packs a tile, or 1 where a pack holds whole tiles.
  constexpr std::size_t packs_a_tile() const {
    return std::size_t{1} << (log_points - pack_bits());
  }
  constexpr std::size_t packs_of(std::size_t tiles) const {
    const std::size_t points = tiles << log_points, pack = std::size_t{1} << log_pack();
    return (points + pack - 1) / pack;
  }
  /// Points that share a draw of signs: 128, or all of a smaller tile.
  constexpr int log_draw() const { return log_points < 7 ? log_points : 7; }

  static TileShape of(std::size_t points) {
    TileShape s;
    while (s.points() < points) ++s.log_points;
    return s;
  }
};

/// Calls f(std::integral_constant<int, log_pack>) for the shape's pack.
template <class F>
void with_log_pack(const TileShape& shape, const F& f) {
  static_assert(kMinLogPack == 11 && kMaxLogPack == 13);
  if (shape.log_pack() == 11) return f(std::integral_constant<int, 11>());
  if (shape.log_pack() == 12) return f(std::integral_constant<int, 12>());
  f(std::integral_constant<int, 13>());
}

}  // namespace mapnet::cuda
