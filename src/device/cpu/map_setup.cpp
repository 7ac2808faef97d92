#include <cblas.h>
#include <lapacke.h>

#include <algorithm>
#include <memory>

#include "device/cpu/parallel.hpp"
#include "device/map_tiles.hpp"
#include "device/math.hpp"
#include "device/ops/map_refresh.hpp"

namespace mapnet::cpu {

namespace {

constexpr std::size_t kChunkRows = 1024;

/// Columns of a seeded Gaussian made orthonormal by CholeskyQR2 (Yamamoto et al. 2015), without
/// ever holding the Gaussian: A is drawn again, a chunk of rows at a time, for each of the three
/// passes (A^T A = R1^T R1;  Q1 = A R1^-1, Q1^T Q1 = R2^T R2;  W = A (R2 R1)^-1). A tall Gaussian
/// is so well conditioned that the second pass reaches float32 rounding.
struct OrthonormalMap {
  std::uint64_t seed = 0;
  std::uint32_t block = 0;
  const std::uint32_t* round = nullptr;  // or null
  std::size_t rows = 0, d = 0, ld = 0;
  MapKind kind = MapKind::dense;
  MapBlock source;         // in theta
  void* W = nullptr;       // [rows, ld] float or bf16
  float* chunk = nullptr;  // [kChunkRows, d]
  float* r1 = nullptr;     // [d, d] upper triangle
  float* r2 = nullptr;     // [d, d]

  void draw(std::size_t row, std::size_t n, int n_threads) const {
    const std::size_t draws = (d + 3) / 4;  // a row
    const std::uint32_t word = draw_block(block, round);
    parallel_for(static_cast<int>(n), n_threads, [&](int i) {
      float* out = chunk + static_cast<std::size_t>(i) * d;
      const std::uint64_t first = (row + static_cast<std::size_t>(i)) * draws;
      for (std::size_t k = 0; k < draws; ++k) {
        const auto normals = random_normals(seed, Stream::map_gauss, first + k, word);
        std::copy_n(normals.begin(), std::min<std::size_t>(4, d - 4 * k), out + 4 * k);
      }
    });
  }

  void divide_by(const float* r, std::size_t n) const {
    cblas_strsm(CblasRowMajor, CblasRight, CblasUpper, CblasNoTrans, CblasNonUnit, int(n), int(d),
                1.0f, r, int(d), chunk, int(d));
  }

  /// r = upper Cholesky factor of the Gram matrix of A (or of A R1^-1).
  void factor(float* r, const float* after, int n_threads) const {
    std::fill_n(r, d * d, 0.0f);
    for (std::size_t row = 0; row < rows; row += kChunkRows) {
      const std::size_t n = std::min(kChunkRows, rows - row);
      draw(row, n, n_threads);
      if (after) divide_by(after, n);
      cblas_ssyrk(CblasRowMajor, CblasUpper, CblasTrans, int(d), int(n), 1.0f, chunk, int(d), 1.0f,
                  r, int(d));
    }
    const int info = LAPACKE_spotrf(LAPACK_ROW_MAJOR, 'U', int(d), r, int(d));
    if (info != 0) fail_dependent(source, info);
  }

  void run(int n_threads) const {
    // The only large products: everywhere else our own threads share the work, one BLAS call each.
    openblas_set_num_threads(n_threads);
    factor(r1, nullptr, n_threads);
    factor(r2, r1, n_threads);
    // r2 = R2 R1; the triangle below the diagonal of r1 is never read.
    cblas_strmm(CblasRowMajor, CblasLeft, CblasUpper, CblasNoTrans, CblasNonUnit, int(d), int(d),
                1.0f, r2, int(d), clean_upper(r1), int(d));
    for (std::size_t row = 0; row < rows; row += kChunkRows) {
      const std::size_t n = std::min(kChunkRows, rows - row);
      draw(row, n, n_threads);
      divide_by(r1, n);
      parallel_for(static_cast<int>(n), n_threads, [&](int i) {
        const std::size_t at = static_cast<std::size_t>(i);
        keep_row(chunk + at * d, row + at);
      });
    }
    openblas_set_num_threads(1);
  }

  float* clean_upper(float* r) const {
    for (std::size_t i = 1; i < d; ++i) std::fill_n(r + i * d, i, 0.0f);
    return r;
  }

  void keep_row(const float* from, std::size_t row) const {
    if (kind == MapKind::dense) {
      float* to = static_cast<float*>(W) + row * ld;
      std::copy_n(from, d, to);
      std::fill(to + d, to + ld, 0.0f);
    } else {
      std::uint16_t* to = static_cast<std::uint16_t*>(W) + row * ld;
      for (std::size_t k = 0; k < d; ++k) to[k] = math::to_bf16(from[k]);
      std::fill(to + d, to + ld, std::uint16_t{0});
    }
  }
};

void add_orthonormalise(Schedule& schedule, const MapDesc& desc, std::size_t index, BufferId W,
                        BufferId round) {
  const MapBlock& block = desc.blocks[index];
  const std::size_t d = block.latents, ld = dense_row_length(d);
  const std::string name = "map." + block.name;
  const BufferId chunk =
      schedule.buffer(name + ".chunk", "workspace", kChunkRows * d * sizeof(float));
  const BufferId r1 = schedule.buffer(name + ".R1", "workspace", d * d * sizeof(float));
  const BufferId r2 = schedule.buffer(name + ".R2", "workspace", d * d * sizeof(float));

  OrthonormalMap map;
  map.seed = desc.seed;
  map.block = static_cast<std::uint32_t>(index);
  map.rows = block.rows;
  map.d = d;
  map.ld = ld;
  map.kind = desc.kind;
  map.source = block;
  Step step;
  step.name = name + ".orthonormalise";
  if (round != kNoBuffer) step.reads = {round};
  step.writes = {W, chunk, r1, r2};
  step.flops = 4.0 * static_cast<double>(block.rows) * static_cast<double>(d * d);
  step.bind = [=, n_threads = schedule.n_threads()](const Memory& memory) {
    OrthonormalMap bound = map;
    bound.W = memory.at<std::byte>(W);
    bound.chunk = memory.at<float>(chunk);
    bound.r1 = memory.at<float>(r1);
    bound.r2 = memory.at<float>(r2);
    if (round != kNoBuffer) bound.round = memory.at<const std::uint32_t>(round);
    return Run([bound, n_threads] { bound.run(n_threads); });
  };
  schedule.add(std::move(step));
}

}  // namespace

MapState map_setup(Schedule& schedule, const MapDesc& desc) {
  MapState state;
  add_base(schedule, desc, state);
  if (!is_dense(desc.kind)) return state;
  for (const MapBlock& block : desc.blocks)
    state.dense.push_back(
        schedule.buffer("map." + block.name + ".W", "map", stored_bytes(desc.kind, block)));
  map_redraw(schedule, desc, state);
  return state;
}

void map_redraw(Schedule& schedule, const MapDesc& desc, const MapState& state) {
  for (std::size_t i = 0; i < state.dense.size(); ++i)
    add_orthonormalise(schedule, desc, i, state.dense[i], state.round);
}

}  // namespace mapnet::cpu
