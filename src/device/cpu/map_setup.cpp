#include <cblas.h>
#include <lapacke.h>

#include <algorithm>
#include <memory>

#include "device/cpu/dense_block.hpp"
#include "device/cpu/parallel.hpp"
#include "device/map_tiles.hpp"
#include "device/math.hpp"
#include "device/ops/kronecker.hpp"
#include "device/ops/map_refresh.hpp"

namespace mapnet::cpu {

namespace {

constexpr std::size_t kChunkRows = 1024;

/// Columns of a seeded Gaussian made orthonormal by CholeskyQR2 (Yamamoto et al. 2015), without
/// ever holding the Gaussian: A is drawn again, a chunk of rows at a time, for each of the three
/// passes (A^T A = R1^T R1;  Q1 = A R1^-1, Q1^T Q1 = R2^T R2;  W = A (R2 R1)^-1). A tall Gaussian
/// is so well conditioned that the second pass reaches float32 rounding.
struct OrthonormalMap {
  GaussianRows gaussian;
  MapBlock block;
  MapKind kind = MapKind::dense;
  MapStorage storage = MapStorage::memory;
  std::size_t d = 0, ld = 0;
  std::byte* W = nullptr;              // [rows, ld] float or bf16; of a file kChunkRows of them
  const NamelessFile* file = nullptr;  // where W goes, or null
  float* chunk = nullptr;              // [kChunkRows, d]
  float* r1 = nullptr;                 // [d, d] upper triangle; at the end R
  float* r2 = nullptr;                 // [d, d]

  void draw(std::size_t row, std::size_t n, int n_threads) const {
    parallel_for(static_cast<int>(n), n_threads, [&](int i) {
      const auto at = static_cast<std::size_t>(i);
      gaussian.draw(chunk + at * d, row + at);
    });
  }

  void divide_by(const float* r, std::size_t n) const {
    cblas_strsm(CblasRowMajor, CblasRight, CblasUpper, CblasNoTrans, CblasNonUnit, int(n), int(d),
                1.0f, r, int(d), chunk, int(d));
  }

  /// r = upper Cholesky factor of the Gram matrix of A (or of A R1^-1).
  void factor(float* r, const float* after, int n_threads) const {
    std::fill_n(r, d * d, 0.0f);
    for (std::size_t row = 0; row < block.rows; row += kChunkRows) {
      const std::size_t n = std::min(kChunkRows, block.rows - row);
      draw(row, n, n_threads);
      if (after) divide_by(after, n);
      cblas_ssyrk(CblasRowMajor, CblasUpper, CblasTrans, int(d), int(n), 1.0f, chunk, int(d), 1.0f,
                  r, int(d));
    }
    // The upper triangle by rows is the lower one by columns, which LAPACKE makes no copy of.
    const int info = LAPACKE_spotrf(LAPACK_COL_MAJOR, 'L', int(d), r, int(d));
    if (info != 0) fail_dependent(block, info);
  }

  void run(int n_threads) const {
    // The only large products: everywhere else our own threads share the work, one BLAS call each.
    openblas_set_num_threads(n_threads);
    factor(r1, nullptr, n_threads);
    factor(r2, r1, n_threads);
    // r2 = R2 R1; the triangle below the diagonal of r1 is never read.
    cblas_strmm(CblasRowMajor, CblasLeft, CblasUpper, CblasNoTrans, CblasNonUnit, int(d), int(d),
                1.0f, r2, int(d), clean_upper(r1), int(d));
    if (storage != MapStorage::regenerated) keep_all(n_threads);
    openblas_set_num_threads(1);
  }

  void keep_all(int n_threads) const {
    const std::size_t row_bytes = dense_bytes(kind, block) / block.rows;
    for (std::size_t row = 0; row < block.rows; row += kChunkRows) {
      const std::size_t n = std::min(kChunkRows, block.rows - row);
      draw(row, n, n_threads);
      divide_by(r1, n);
      std::byte* to = file ? W : W + row * row_bytes;
      parallel_for(static_cast<int>(n), n_threads, [&](int i) {
        const auto at = static_cast<std::size_t>(i);
        keep_row(to + at * row_bytes, chunk + at * d);
      });
      if (file) file->write(row * row_bytes, {W, n * row_bytes});
    }
  }

  float* clean_upper(float* r) const {
    for (std::size_t i = 1; i < d; ++i) std::fill_n(r + i * d, i, 0.0f);
    return r;
  }

  void keep_row(std::byte* row, const float* from) const {
    if (kind == MapKind::dense) {
      auto* to = reinterpret_cast<float*>(row);
      std::copy_n(from, d, to);
      std::fill(to + d, to + ld, 0.0f);
    } else {
      auto* to = reinterpret_cast<std::uint16_t*>(row);
      for (std::size_t k = 0; k < d; ++k) to[k] = math::to_bf16(from[k]);
      std::fill(to + d, to + ld, std::uint16_t{0});
    }
  }
};

void add_orthonormalise(Schedule& schedule, const MapDesc& desc, const MapState& state,
                        std::size_t index) {
  const MapBlock& block = desc.blocks[index];
  const std::size_t d = block.latents;
  const std::string name = "map." + block.name;
  const auto scratch = [&](const char* what, std::size_t bytes) {
    return schedule.buffer(name + what, "workspace", bytes);
  };
  const bool streamed = desc.storage == MapStorage::streamed,
             regenerated = desc.storage == MapStorage::regenerated;
  const std::size_t file_bytes = dense_bytes(desc.kind, block);
  const BufferId chunk = scratch(".chunk", kChunkRows * d * sizeof(float));
  const BufferId r1 = regenerated ? state.dense[index] : scratch(".R1", d * d * sizeof(float));
  const BufferId r2 = scratch(".R2", d * d * sizeof(float));
  const BufferId W = streamed      ? scratch(".W", file_bytes / block.rows * kChunkRows)
                     : regenerated ? kNoBuffer
                                   : state.dense[index];
  OrthonormalMap map;
  map.gaussian = {desc.seed, static_cast<std::uint32_t>(index), nullptr, d};
  map.block = block;
  map.kind = desc.kind;
  map.storage = desc.storage;
  map.d = d;
  map.ld = dense_row_length(d);
  Step step;
  step.name = name + ".orthonormalise";
  if (state.round != kNoBuffer) step.reads = {state.round};
  step.writes = {chunk, r1, r2};
  if (W != kNoBuffer) step.writes.push_back(W);
  step.flops = 4.0 * static_cast<double>(block.rows) * static_cast<double>(d * d);
  step.bind = [=, rows = streamed ? state.streamed[index] : nullptr, round = state.round,
               n_threads = schedule.n_threads()](const Memory& memory) {
    OrthonormalMap bound = map;
    if (rows) {
      bound.file = &static_cast<RowFile&>(*rows).opened();
    }
    if (W != kNoBuffer) bound.W = memory.at<std::byte>(W);
    bound.chunk = memory.at<float>(chunk);
    bound.r1 = memory.at<float>(r1);
    bound.r2 = memory.at<float>(r2);
    if (round != kNoBuffer) bound.gaussian.round = memory.at<const std::uint32_t>(round);
    return Run([bound, rows, n_threads] { bound.run(n_threads); });
  };
  schedule.add(std::move(step));
}

}  // namespace

MapState map_setup(Schedule& schedule, const MapDesc& desc) {
  MapState state;
  add_base(schedule, desc, state);
  if (desc.kind == MapKind::kronecker) add_kronecker_factors(schedule, desc, state);
  if (!is_stored(desc.kind)) return state;
  for (const MapBlock& block : desc.blocks) {
    const std::string name = "map." + block.name;
    if (desc.storage == MapStorage::streamed)
      state.streamed.push_back(std::make_shared<RowFile>(dense_bytes(desc.kind, block)));
    else if (desc.storage == MapStorage::regenerated)
      state.dense.push_back(
          schedule.buffer(name + ".R", "map", block.latents * block.latents * sizeof(float)));
    else if (desc.given)
      state.dense.push_back(
          schedule.persistent_buffer(name + ".W", "map", dense_bytes(desc.kind, block)));
    else
      state.dense.push_back(schedule.buffer(name + ".W", "map", dense_bytes(desc.kind, block)));
  }
  map_redraw(schedule, desc, state);
  return state;
}

void map_redraw(Schedule& schedule, const MapDesc& desc, const MapState& state) {
  if (!is_stored(desc.kind) || desc.given) return;
  for (std::size_t i = 0; i < desc.blocks.size(); ++i) add_orthonormalise(schedule, desc, state, i);
}

}  // namespace mapnet::cpu
