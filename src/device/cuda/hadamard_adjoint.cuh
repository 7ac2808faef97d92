#pragma once

#include <cuda_runtime.h>

#include "device/cuda/hadamard_columns.cuh"
#include "device/cuda/signs.cuh"

/// The transposed Hadamard map: from rows to sums over tiles, and from those to latents.
namespace mapnet::cuda {

/// Tiles in one launch: sums of D_t H g over groups of tiles, for one diagonal or two. Where a tile
/// is several packs, blocks are packs by groups.
struct AdjointTiles {
  TileShape shape;
  SignStream first_signs, second_signs;
  std::uint64_t first_draw;         // of signs, for pack 0
  unsigned units, groups;           // tiles; or packs that hold several
  float *first_sums, *second_sums;  // [groups, packs a tile, pack]
  double* scalar_sums;              // [groups, tiles a pack] sums of g; or null
  bool further;                     // adds to what is there
};

/// Threads an SM should hold at least, which bounds a thread's registers: as many as need no
/// spills; but two blocks of the largest pack, so that one computes while the other loads.
constexpr int adjoint_threads(int log_pack, bool two) {
  return two ? 640 : log_pack < kMaxLogPack ? 768 : 1024;
}

template <int kLog, bool kTwo, class Source>
__global__ void __launch_bounds__(Pack<kLog>::kThreads,
                                  adjoint_threads(kLog, kTwo) / Pack<kLog>::kThreads)
    adjoint_kernel(Source source, AdjointTiles a) {
  using P = Pack<kLog>;
  __shared__ float exchange[P::kExchange];
  __shared__ std::uint32_t words[kTwo ? 2 : 1][4 * kSignDraws];
  const int t = static_cast<int>(threadIdx.x);
  const int log_draw = a.shape.log_draw(), bits = a.shape.pack_bits();
  const unsigned part = blockIdx.x, parts = gridDim.x, group = blockIdx.y;
  // Packs of large tiles that a block takes do not follow each other, nor do their draws.
  const unsigned units_a_draw =
      parts > 1 ? 1 : static_cast<unsigned>(kSignDraws) >> (kLog - log_draw);
  const auto at = static_cast<unsigned>(P::template first_point<P::kLast>(t));

  float first[16] = {}, second[16] = {};
  double total = 0;
  ScaleRun run;
  const auto bound = [&](unsigned g) {
    return static_cast<unsigned>(std::uint64_t{a.units} * g / a.groups);
  };
  unsigned drawn = bound(group);  // the unit whose signs are words[0]
  const unsigned end = bound(group + 1);
  for (unsigned unit = drawn; unit < end; ++unit) {
    const std::size_t pack = std::size_t{unit} * parts + part;
    float v[16];
    source.load(
        v, pack << kLog, P::kPoints,
        [=](int r) { return at + (static_cast<unsigned>(r) << P::kLast); }, run);
    const bool draws = (unit - drawn) % units_a_draw == 0;
    if (draws) {
      __syncthreads();  // whoever still reads the last words
      drawn = unit;
      const std::uint64_t draw = a.first_draw + (pack << (kLog - log_draw));
      draw_signs(words[0], a.first_signs, draw);
      if constexpr (kTwo) draw_signs(words[1], a.second_signs, draw);
    }
    P::transform_down(v, exchange, bits);                   // with barriers
    if (a.scalar_sums) total += static_cast<double>(v[0]);  // row 0 of H is ones
    const int in_draw = static_cast<int>(unit - drawn) * P::kPoints + 16 * t;
    const std::uint32_t signs = signs_at(words[0], in_draw, log_draw);
#pragma unroll
    for (int r = 0; r < 16; ++r) first[r] += flipped(v[r], signs, r);
    if constexpr (kTwo) {
      const std::uint32_t others = signs_at(words[1], in_draw, log_draw);
#pragma unroll
      for (int r = 0; r < 16; ++r) second[r] += flipped(v[r], others, r);
    }
  }

  const std::size_t to =
      ((std::size_t{group} * parts + part) << kLog) + static_cast<std::size_t>(16 * t);
  const auto keep = [&](float* sums, const float(&values)[16]) {
    auto* four = reinterpret_cast<float4*>(sums + to);
#pragma unroll
    for (int q = 0; q < 4; ++q) {
      float4 x = {values[4 * q], values[4 * q + 1], values[4 * q + 2], values[4 * q + 3]};
      if (a.further) {
        const float4 before = four[q];
        x = {before.x + x.x, before.y + x.y, before.z + x.z, before.w + x.w};
      }
      four[q] = x;
    }
  };
  keep(a.first_sums, first);
  if constexpr (kTwo) keep(a.second_sums, second);

  // Of a tile's threads the one with its point 0.
  if (a.scalar_sums && part == 0 && (16 * t & ((1 << bits) - 1)) == 0) {
    double* sum = a.scalar_sums + (std::size_t{group} << (kLog - bits)) + (16 * t >> bits);
    *sum = a.further ? *sum + total : total;
  }
}

/// What one diagonal's sums give: scale * D H x, times v for the products v*z.
struct Unmixed {
  const float* sums;  ///< [packs a tile, pack], transformed by column passes; or null
  SignStream signs;
  float scale;
};

/// dz = linear, or what it was without linear sums, + v c, and dv = z c, unless null, with c the
/// gradient of the products v*z: the squares' sums, or each sum.
struct LatentGradient {
  TileShape shape;
  std::size_t d;
  const float *z, *v;  ///< v, which modulates, may be z
  float *dz, *dv;      ///< dv null where it is
  Unmixed linear, squares;
  const double* sum;  ///< of g, over all rows; or null
  float alpha;        ///< times 2 where v is z
};

template <int kLog>
__global__ void __launch_bounds__(Pack<kLog>::kThreads, 1) unmix_kernel(LatentGradient l) {
  using P = Pack<kLog>;
  __shared__ float exchange[P::kExchange];
  const int t = static_cast<int>(threadIdx.x);
  const std::size_t begin = static_cast<std::size_t>(blockIdx.x) << kLog;
  const int bits = l.shape.pack_bits();
  const std::size_t m = l.shape.points(), first = begin + static_cast<std::size_t>(16 * t);

  // scale D H of the sums of all tiles that share a pack.
  const auto unmix = [&](float(&v)[16], const Unmixed& of) {
    const int at = P::template first_point<P::kLast>(t);
#pragma unroll
    for (int r = 0; r < 16; ++r) {
      const std::size_t i = begin + static_cast<std::size_t>(at + (r << P::kLast));
      v[r] = 0;
      if (i < m)
        for (std::size_t tile = 0; tile < std::size_t{1} << (kLog - bits); ++tile)
          v[r] += of.sums[tile * m + i];
    }
    P::transform_down(v, exchange, bits);
    const std::uint32_t signs = inner_signs(of.signs, first);
#pragma unroll
    for (int r = 0; r < 16; ++r) v[r] = of.scale * flipped(v[r], signs, r);
  };
  const auto point = [=](int r) { return first + static_cast<std::size_t>(r); };
  const float scalar = l.sum ? static_cast<float>(static_cast<double>(l.alpha) * *l.sum) : 0.0f;
  float dz[16], products[16];
#pragma unroll
  for (int r = 0; r < 16; ++r) {
    dz[r] = !l.linear.sums && point(r) < l.d ? l.dz[point(r)] : 0.0f;
    products[r] = scalar;
  }
  if (l.linear.sums) unmix(dz, l.linear);
  if (l.squares.sums) unmix(products, l.squares);
  const bool modulated = l.squares.sums || l.sum;
#pragma unroll
  for (int r = 0; r < 16; ++r) {
    if (point(r) >= l.d) continue;
    l.dz[point(r)] = modulated ? dz[r] + l.v[point(r)] * products[r] : dz[r];
    if (modulated && l.dv) l.dv[point(r)] = l.z[point(r)] * products[r];
  }
}

/// Enqueues it, after the column passes, in place, over the sums: of both diagonals at once where
/// they lie one behind the other.
inline void unmix_latents(cudaStream_t stream, const LatentGradient& l, float* sums,
                          std::size_t vectors) {
  for (const ColumnPass& pass : column_passes(l.shape))
    run_columns(stream, PlainRows{sums}, PlainRows{sums}, pass, vectors * l.shape.points());
  with_log_pack(l.shape, [&](auto log) {
    launch(stream, static_cast<unsigned>(l.shape.packs_a_tile()), Pack<log()>::kThreads,
           unmix_kernel<log()>, l);
  });
}

}  // namespace mapnet::cuda
