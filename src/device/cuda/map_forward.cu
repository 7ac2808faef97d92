#include <algorithm>
#include <cmath>
#include <type_traits>

#include "device/cuda/checks.hpp"
#include "device/cuda/dense_forward.cuh"
#include "device/cuda/dense_source.cuh"
#include "device/cuda/gpu.hpp"
#include "device/cuda/kronecker.hpp"
#include "device/cuda/latents.cuh"

namespace mapnet::cuda {

namespace {

/// Tiles in one launch: u = H (D_t mixed [+ D'_t mixed']), the second where there is one.
struct ForwardTiles {
  TileShape shape;
  const float *first, *second;  // mixed vectors; the second may be null
  SignStream first_signs, second_signs;
  std::uint64_t first_draw;  // of signs, for pack 0
  std::uint64_t packs, packs_a_block;
  RowEpilogue rows;
};

/// Packs whose signs a block draws at once.
constexpr std::uint64_t packs_a_draw(const TileShape& shape) {
  return static_cast<std::uint64_t>(kSignDraws) >> (shape.log_pack() - shape.log_draw());
}

/// A run of packs a block.
template <int kLog>
__global__ void __launch_bounds__(Pack<kLog>::kThreads, 1024 / Pack<kLog>::kThreads)
    tiles_kernel(ForwardTiles f) {
  using P = Pack<kLog>;
  __shared__ float exchange[P::kExchange];
  __shared__ std::uint32_t words[2][4 * kSignDraws];
  const int t = static_cast<int>(threadIdx.x);
  const int log_draw = f.shape.log_draw(), bits = f.shape.pack_bits();
  const std::uint64_t first = blockIdx.x * f.packs_a_block;
  const std::uint64_t draw = f.first_draw + (first << (kLog - log_draw));
  draw_signs(words[0], f.first_signs, draw);
  if (f.second) draw_signs(words[1], f.second_signs, draw);
  __syncthreads();

  const std::uint64_t last = std::min(first + f.packs_a_block, f.packs);
  ScaleRun run;
  for (std::uint64_t pack = first; pack < last; ++pack) {
    const int in_draw = static_cast<int>(pack - first) * P::kPoints + 16 * t;
    const std::size_t in_tile =
        ((pack << kLog) + static_cast<std::size_t>(16 * t)) & (f.shape.points() - 1);
    float v[16];
    load_mixed<false>(v, f.first, in_tile, bits, signs_at(words[0], in_draw, log_draw));
    if (f.second)
      load_mixed<true>(v, f.second, in_tile, bits, signs_at(words[1], in_draw, log_draw));
    P::transform_up(v, exchange, bits);
    const auto at = static_cast<unsigned>(P::template first_point<P::kLast>(t));
    f.rows.store(
        v, pack << kLog, P::kPoints,
        [=](int r) { return at + (static_cast<unsigned>(r) << P::kLast); }, run);
  }
}

void run_packs(cudaStream_t stream, ForwardTiles f, std::size_t tiles) {
  f.packs = f.shape.packs_of(tiles);
  with_log_pack(f.shape, [&](auto log) {
    using P = Pack<log()>;
    // A draw's worth a block, but first as many blocks as fill a large GPU.
    constexpr std::uint64_t kBlocks = (1 << 18) / P::kThreads;
    f.packs_a_block = std::clamp<std::uint64_t>(f.packs / kBlocks, 1, packs_a_draw(f.shape));
    launch(stream, blocks_for(f.packs, f.packs_a_block), P::kThreads, tiles_kernel<log()>, f);
  });
}

/// Everything one block's forward pass touches.
struct Forward {
  std::size_t d, ld, tiles, batch;
  MapKind kind;
  float alpha, dense_scale;
  const float *z, *v;              // [d]; v, which modulates, may be z
  DenseSource dense;               // W, where the map is dense
  float *padded_z, *shift, *work;  // work: [batch, m]
  MixedVector linear, squares;     // outputs null where there is none
  SignStream outer, modulation_outer;
  TileShape shape;
  RowEpilogue out;

  void enqueue(cudaStream_t stream) const {
    if (shift || padded_z)
      launch(stream, 1, kLatentThreads, latents_kernel<kLatentThreads>, z, v, d, alpha, shift,
             padded_z, ld);
    RowEpilogue tiles_out = out;
    tiles_out.raw = is_stored(kind);  // of a dense map only the S-term, to which W z will be added
    if (linear.out || squares.out) transform(stream, tiles_out);
    if (is_stored(kind)) multiply(stream);
  }

  void multiply(cudaStream_t stream) const {
    dense.divide(padded_z, false);
    dense.each(stream, [&](const void* W, std::size_t first, std::size_t n) {
      RowEpilogue rows = out.from(first);
      rows.rows.count = n;
      if (kind == MapKind::dense)
        dense_forward(stream, static_cast<const float*>(W), ld, padded_z, dense_scale,
                      squares.out != nullptr, rows);
      else
        dense_forward(stream, static_cast<const std::uint16_t*>(W), ld, padded_z, dense_scale,
                      squares.out != nullptr, rows);
    });
  }

  void transform(cudaStream_t stream, RowEpilogue rows) const {
    ForwardTiles f{};
    f.shape = shape;
    f.first = linear.out ? linear.out : squares.out;
    f.first_signs = linear.out ? outer : modulation_outer;
    if (linear.out) f.second = squares.out;
    f.second_signs = modulation_outer;
    mix_latents(stream, z, d, shape, linear.out ? linear : squares,
                linear.out ? squares : MixedVector{});
    f.rows = rows;
    if (batch == 0) return run_packs(stream, f, tiles);

    for (std::size_t tile = 0; tile < tiles; tile += batch) {
      const std::size_t n = std::min(batch, tiles - tile), begin = tile << shape.log_points;
      const std::size_t points = n << shape.log_points;
      f.first_draw = begin >> shape.log_draw();
      f.rows = {};
      f.rows.rows.count = points;
      f.rows.theta = work;
      f.rows.raw = true;
      run_packs(stream, f, n);
      const RowEpilogue batch_rows = rows.from(begin);
      const std::vector<ColumnPass> passes = column_passes(shape);
      for (const ColumnPass& pass : passes)
        if (&pass == &passes.back())
          run_columns(stream, PlainRows{work}, batch_rows, pass, points);
        else
          run_columns(stream, PlainRows{work}, PlainRows{work}, pass, points);
    }
  }
};

}  // namespace

void map_forward(Schedule& schedule, const MapDesc& desc, MapState& state, BufferId z,
                 BufferId theta, bool keep_u) {
  require_points(desc);
  if (keep_u && keeps_u(desc, state) && state.u == kNoBuffer)
    state.u = schedule.buffer("map.u", "activations", desc.target_size() * sizeof(float));
  const BufferId kept_u = keep_u ? state.u : kNoBuffer;
  if (desc.kind == MapKind::kronecker)
    return kronecker_forward(schedule, desc, state, z, theta, kept_u);
  const bool hadamard = !is_stored(desc.kind), modulated = desc.modulation == Modulation::signed_,
             scalar = desc.modulation == Modulation::scalar;

  for (std::size_t i = 0; i < desc.blocks.size(); ++i) {
    const Tiling tiling = tile_block(desc, i, 1);
    const std::size_t m = tiling.points, offset = tiling.block.theta_offset;
    const std::string name = "map." + tiling.block.name;
    Forward f{};
    f.kind = desc.kind;
    f.d = tiling.block.latents;
    f.ld = dense_row_length(f.d);
    f.tiles = tiling.tiles;
    f.shape = TileShape::of(m);
    f.alpha = desc.alpha;
    f.dense_scale = tiling.dense_scale();
    f.linear = {nullptr, tiling.inner, tiling.hadamard_scale()};
    f.squares = {nullptr, tiling.modulation_inner, desc.alpha * tiling.hadamard_scale()};
    f.outer = tiling.outer;
    f.modulation_outer = tiling.modulation_outer;
    f.out.rows = {offset, tiling.block.rows, {}, desc.activation, desc.omega};
    f.out.rows.scales.count = static_cast<int>(desc.scales.size());
    const bool transforms = hadamard || modulated;
    if (transforms) f.batch = batch_of(f.shape, f.tiles);

    const auto scratch = [&](const char* what, std::size_t floats) {
      return schedule.buffer(name + what, "workspace", floats * sizeof(float));
    };
    const std::size_t vectors = std::size_t{hadamard} + std::size_t{modulated};
    const BufferId mixed = scratch(".mixed", vectors * m);
    const BufferId padded = scratch(".padded_z", hadamard ? 0 : f.ld);
    const BufferId shift = scratch(".shift", scalar ? 1 : 0);
    const BufferId work = scratch(".work", f.batch * m);

    Step step;
    step.name = name + ".forward";
    const DenseSourceBuffers dense(schedule, desc, state, i, step.name);
    step.reads = {z, state.scales};
    step.writes = {theta, mixed, padded, shift, work};
    if (state.base != kNoBuffer) step.reads.push_back(state.base);
    if (kept_u != kNoBuffer) step.writes.push_back(kept_u);
    dense.touch(step);
    if (state.round != kNoBuffer) step.reads.push_back(state.round);
    const int row_values = 1 + (state.base != kNoBuffer) + (kept_u != kNoBuffer);
    const MapCost cost = map_cost(tiling, row_values, 1, dense.bytes());
    step.flops = cost.flops;
    step.bytes = cost.bytes;
    const cudaStream_t stream = gpu_of(schedule).stream();
    step.bind = [=, base = state.base, scales = state.scales, round = state.round,
                 latent_offset = tiling.block.latent_offset,
                 to_modulator = desc.modulator_offset()](const Memory& memory) -> Run {
      Forward bound = f;
      bound.z = memory.at<const float>(z) + latent_offset;
      bound.v = bound.squares.factor = bound.z + to_modulator;
      if (hadamard) bound.linear.out = memory.at<float>(mixed);
      if (modulated) bound.squares.out = memory.at<float>(mixed) + (hadamard ? m : 0);
      bound.dense = dense.bind(memory);
      if (!hadamard) bound.padded_z = memory.at<float>(padded);
      bound.work = memory.at<float>(work);
      if (round != kNoBuffer)
        for (SignStream* s :
             {&bound.outer, &bound.modulation_outer, &bound.linear.signs, &bound.squares.signs})
          s->round = memory.at<const std::uint32_t>(round);
      bound.out.rows.scales.table = memory.at<const RowScale>(scales);
      bound.out.theta = memory.at<float>(theta) + offset;
      if (kept_u != kNoBuffer) bound.out.kept_u = memory.at<float>(kept_u) + offset;
      if (base != kNoBuffer) bound.out.base = memory.at<const float>(base) + offset;
      if (scalar) bound.out.shift = bound.shift = memory.at<float>(shift);
      return [=] { bound.enqueue(stream); };
    };
    schedule.add(std::move(step));
  }
}

}  // namespace mapnet::cuda
