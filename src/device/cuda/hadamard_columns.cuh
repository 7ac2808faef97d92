#pragma once

#include <cuda_runtime.h>

#include <algorithm>
#include <vector>

#include "device/cuda/hadamard.cuh"
#include "device/cuda/launch.hpp"
#include "device/cuda/row_epilogue.cuh"

/// What is left of a transform of more points than a pack holds: passes over its high bits.
namespace mapnet::cuda {

/// Stages of bits first_bit ... first_bit + bits - 1, at most 7 of them.
struct ColumnPass {
  int first_bit, bits;
};

/// As few passes as can be, equally long, low bits first.
inline std::vector<ColumnPass> column_passes(const TileShape& shape) {
  std::vector<ColumnPass> passes;
  const int total = shape.log_points - shape.pack_bits(), n = (total + 6) / 7;
  for (int i = 0; i < n; ++i) {
    const int from = total * i / n, to = total * (i + 1) / n;
    passes.push_back({shape.pack_bits() + from, to - from});
  }
  return passes;
}

/// Tiles that go through all passes before the next ones do, 0 where there is but one: 16 MB of
/// them, which stay in the L2 cache of a large GPU.
inline std::size_t batch_of(const TileShape& shape, std::size_t tiles) {
  constexpr std::size_t kBatchPoints = std::size_t{1} << 22;
  if (shape.packs_a_tile() == 1) return 0;
  return std::min(tiles, std::max<std::size_t>(1, kBatchPoints >> shape.log_points));
}

inline constexpr int kColumnThreads = 256, kLogColumnPoints = 12;

/// A block takes 128 rows of 32 neighbouring points each: all 2^bits that are 2^first_bit apart, as
/// often as there are more neighbours. Row number: bits of the pass low, further neighbours high.
/// In place too: a block reads all its points before it writes one of them. `source` and `sink` are
/// those of row_epilogue.cuh.
template <class Source, class Sink>
__global__ void __launch_bounds__(kColumnThreads, 3)
    columns_kernel(Source source, Sink sink, ColumnPass pass) {
  __shared__ float exchange[1 << kLogColumnPoints];
  const int warp = static_cast<int>(threadIdx.x) >> 5, lane = static_cast<int>(threadIdx.x) & 31;
  const int log_neighbours = kLogColumnPoints - pass.bits;
  const int log_blocks = pass.first_bit - log_neighbours;  // blocks that share the high bits
  const std::size_t high = blockIdx.x >> log_blocks;
  const std::size_t low = blockIdx.x & ((std::size_t{1} << log_blocks) - 1);
  const std::size_t begin = (high << (pass.first_bit + pass.bits)) + (low << log_neighbours);
  const unsigned span = (((1u << pass.bits) - 1) << pass.first_bit) + (1u << log_neighbours);
  const auto point = [=](int row) {
    const auto of_pass = static_cast<unsigned>(row & ((1 << pass.bits) - 1));
    const auto neighbour = static_cast<unsigned>(row >> pass.bits);
    return (of_pass << pass.first_bit) + (neighbour << 5) + static_cast<unsigned>(lane);
  };

  ScaleRun read, written;
  float v[16];
  source.load(
      v, begin, span, [=](int r) { return point(16 * warp + r); }, read);
  butterflies<0>(v);  // a pass has a bit at least
  if (pass.bits > 1) butterflies<1>(v);
  if (pass.bits > 2) butterflies<2>(v);
  if (pass.bits > 3) butterflies<3>(v);
#pragma unroll
  for (int r = 0; r < 16; ++r) exchange[(16 * warp + r) * 32 + lane] = v[r];
  __syncthreads();
#pragma unroll
  for (int r = 0; r < 16; ++r) v[r] = exchange[(warp + 8 * r) * 32 + lane];
  if (pass.bits > 4) butterflies<1>(v);
  if (pass.bits > 5) butterflies<2>(v);
  if (pass.bits > 6) butterflies<3>(v);
  sink.store(
      v, begin, span, [=](int r) { return point(warp + 8 * r); }, written);
}

/// Enqueues one pass over `points`, a multiple of 2^kLogColumnPoints.
template <class Source, class Sink>
void run_columns(cudaStream_t stream, const Source& source, const Sink& sink, ColumnPass pass,
                 std::size_t points) {
  launch(stream, blocks_for(points, std::size_t{1} << kLogColumnPoints), kColumnThreads,
         columns_kernel<Source, Sink>, source, sink, pass);
}

}  // namespace mapnet::cuda
