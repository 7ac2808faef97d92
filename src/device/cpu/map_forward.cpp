#include <memory>

#include "device/cpu/dense_block.hpp"
#include "device/cpu/hadamard.hpp"
#include "device/cpu/kronecker.hpp"
#include "device/cpu/parallel.hpp"
#include "device/cpu/row_epilogue.hpp"
#include "device/map_tiles.hpp"

namespace mapnet::cpu {

namespace {

/// Everything one block's forward pass touches, bound to addresses.
struct BlockForward {
  const MapDesc* desc = nullptr;
  Tiling tiling;
  const float* z = nullptr;        // [d]
  const float* v = nullptr;        // [d] what modulates: z itself, or a vector of its own
  DenseBlock dense = {};           // W, where the map is dense
  const float* base = nullptr;     // [P of the whole theta] or null
  float* theta = nullptr;          // likewise
  float* kept_u = nullptr;         // likewise, or null
  float* mixed = nullptr;          // [m] H D z, scaled: shared by all tiles
  float* mixed_squares = nullptr;  // [m] the same of alpha v*z, for signed modulation
  float* padded_z = nullptr;       // [ld] for dense rows
  float* work = nullptr;           // [threads, m]

  /// H D x over m points of which the first d are x.
  void mix(float* out, float scale, bool squares, const SignStream& signs) const {
    const std::size_t d = tiling.block.latents;
    for (std::size_t k = 0; k < d; ++k) out[k] = squares ? z[k] * v[k] * scale : z[k] * scale;
    std::fill(out + d, out + tiling.points, 0.0f);
    apply_signs(out, out, tiling.points, signs, 0);
    hadamard_transform(out, tiling.points);
  }

  void prepare() const {
    if (is_stored(desc->kind)) {
      const std::size_t d = tiling.block.latents;
      std::copy_n(z, d, padded_z);
      std::fill(padded_z + d, padded_z + dense_row_length(d), 0.0f);
      dense.before_forward(padded_z);
    } else {
      mix(mixed, tiling.hadamard_scale(), false, tiling.inner);
    }
    if (desc->modulation == Modulation::signed_)
      mix(mixed_squares, desc->alpha * tiling.hadamard_scale(), true, tiling.modulation_inner);
  }

  float shift() const {
    if (desc->modulation != Modulation::scalar) return 0;
    double norm = 0;
    for (std::size_t k = 0; k < tiling.block.latents; ++k)
      norm += static_cast<double>(z[k]) * static_cast<double>(v[k]);
    return static_cast<float>(static_cast<double>(desc->alpha) * norm);
  }

  void run_tile(std::size_t tile, std::size_t thread, float* u, float u_shift) const {
    const std::size_t m = tiling.points, rows = tiling.rows_of(tile);
    const bool hadamard = !is_stored(desc->kind);
    const bool modulated = desc->modulation == Modulation::signed_;
    // The sum of both transforms is the transform of the sum: signed modulation costs one more pass
    // over a vector, not one more transform.
    if (hadamard) apply_signs(u, mixed, m, tiling.outer, tile);
    if (modulated) {
      if (hadamard)
        add_with_signs(u, mixed_squares, m, tiling.modulation_outer, tile);
      else
        apply_signs(u, mixed_squares, m, tiling.modulation_outer, tile);
    }
    if (hadamard || modulated)
      hadamard_transform(u, m);
    else
      std::fill_n(u, rows, 0.0f);
    if (!hadamard) dense.add_forward(u, padded_z, tiling.dense_scale(), tile * m, rows, thread);

    const std::size_t begin = tiling.block.theta_offset + tile * m;
    for_each_scale(desc->scales, begin, begin + rows,
                   [&](std::size_t at, std::size_t n, float scale) {
                     activate_rows(theta + at, kept_u ? kept_u + at : nullptr, u + (at - begin),
                                   base ? base + at : nullptr, n, scale, u_shift, desc->activation,
                                   desc->omega);
                   });
  }

  void run(int n_threads) const {
    prepare();
    const float u_shift = shift();
    // One task a thread-sized run of tiles; a tile's result does not depend on its run.
    parallel_for(n_threads, n_threads, [&](int thread) {
      const std::size_t t = static_cast<std::size_t>(thread),
                        n = static_cast<std::size_t>(n_threads);
      float* u = work + t * tiling.points;
      for (std::size_t tile = tiling.tiles * t / n; tile < tiling.tiles * (t + 1) / n; ++tile)
        run_tile(tile, t, u, u_shift);
    });
  }
};

}  // namespace

void map_forward(Schedule& schedule, const MapDesc& desc, MapState& state, BufferId z,
                 BufferId theta, bool keep_u) {
  const std::size_t P = desc.target_size();
  if (keep_u && keeps_u(desc, state) && state.u == kNoBuffer)
    state.u = schedule.buffer("map.u", "activations", P * sizeof(float));
  const BufferId kept_u = keep_u ? state.u : kNoBuffer;
  if (desc.kind == MapKind::kronecker)
    return kronecker_forward(schedule, desc, state, z, theta, kept_u);
  const auto shared = std::make_shared<const MapDesc>(desc);

  for (std::size_t i = 0; i < desc.blocks.size(); ++i) {
    const Tiling tiling = tile_block(desc, i, kMaxGroups);
    const std::size_t m = tiling.points, d = tiling.block.latents;
    const auto threads = static_cast<std::size_t>(schedule.n_threads());
    const std::string name = "map." + tiling.block.name;
    const auto scratch = [&](const char* what, std::size_t floats) {
      return schedule.buffer(name + what, "workspace", floats * sizeof(float));
    };
    const BufferId mixed = scratch(".mixed", m);
    const BufferId squares =
        scratch(".mixed_squares", desc.modulation == Modulation::signed_ ? m : 0);
    const BufferId padded = scratch(".padded_z", dense_row_length(d));
    const BufferId work = scratch(".work", threads * m);

    Step step;
    step.name = name + ".forward";
    step.reads = {z};
    step.writes = {theta, mixed, squares, padded, work};
    if (state.base != kNoBuffer) step.reads.push_back(state.base);
    if (kept_u != kNoBuffer) step.writes.push_back(kept_u);
    const DenseBlockBuffers dense(schedule, desc, state, i, step.name, threads);
    dense.touch(step);
    if (state.round != kNoBuffer) step.reads.push_back(state.round);
    const int row_values = 1 + (state.base != kNoBuffer) + (kept_u != kNoBuffer);
    const MapCost cost = map_cost(tiling, row_values, 1, dense.bytes);
    step.flops = cost.flops;
    step.bytes = cost.bytes;
    step.bind = [=, base = state.base, round = state.round,
                 n_threads = schedule.n_threads()](const Memory& memory) {
      BlockForward f;
      f.desc = shared.get();
      f.tiling = tiling;
      if (round != kNoBuffer) f.tiling.set_round(memory.at<const std::uint32_t>(round));
      f.z = memory.at<const float>(z) + tiling.block.latent_offset;
      f.v = f.z + shared->modulator_offset();
      f.dense = dense.bind(memory);
      if (base != kNoBuffer) f.base = memory.at<const float>(base);
      f.theta = memory.at<float>(theta);
      if (kept_u != kNoBuffer) f.kept_u = memory.at<float>(kept_u);
      f.mixed = memory.at<float>(mixed);
      f.mixed_squares = memory.at<float>(squares);
      f.padded_z = memory.at<float>(padded);
      f.work = memory.at<float>(work);
      return Run([shared, f, n_threads] { f.run(n_threads); });
    };
    schedule.add(std::move(step));
  }
}

}  // namespace mapnet::cpu
