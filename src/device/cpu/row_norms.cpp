#include <algorithm>

#include "device/cpu/correlation.hpp"
#include "device/cpu/parallel.hpp"
#include "device/math.hpp"
#include "device/ops/smoothness.hpp"

namespace mapnet::cpu {

namespace {

/// || w_j ||^2 of a stored map's rows.
struct DenseNorms {
  const void* W;
  float* norms;  // [rows]
  std::size_t rows, d, ld;
  bool bf16;

  void run(int n_threads) const {
    const double scale = static_cast<double>(rows) / static_cast<double>(d);
    parallel_for(static_cast<int>(rows), n_threads, [&](int j) {
      const std::size_t begin = static_cast<std::size_t>(j) * ld;
      double sum = 0;
      for (std::size_t k = 0; k < d; ++k) {
        const auto w = static_cast<double>(
            bf16 ? math::from_bf16(static_cast<const std::uint16_t*>(W)[begin + k])
                 : static_cast<const float*>(W)[begin + k]);
        sum += w * w;
      }
      norms[j] = static_cast<float>(scale * sum);
    });
  }
};

/// The same of a Hadamard map that lacks columns: H (e * C), e = H 1_(k < d), C the correlation of
/// the tile's outer signs with themselves.
struct HadamardNorms {
  Tiling tiling;
  float* norms;  // [rows]
  float* work;   // [3, m]

  void run() const {
    const std::size_t m = tiling.points, d = tiling.block.latents;
    float *columns = work, *correlation = work + m, *scratch = work + 2 * m;
    std::fill_n(columns, d, 1.0f);
    std::fill(columns + d, columns + m, 0.0f);
    hadamard_transform(columns, m);
    for (std::size_t tile = 0; tile < tiling.tiles; ++tile) {
      correlate_signs(correlation, scratch, m, d, tiling.outer, tiling.outer, tile);
      for (std::size_t s = 0; s < m; ++s) correlation[s] *= columns[s];
      hadamard_transform(correlation, m);
      std::copy_n(correlation, tiling.rows_of(tile), norms + tile * m);
    }
  }
};

}  // namespace

BufferId map_row_norms(Schedule& schedule, const MapDesc& desc, const MapState& state) {
  if (rows_have_unit_norm(desc)) return kNoBuffer;
  const BufferId norms =
      schedule.buffer("map.row_norms", "map", desc.target_size() * sizeof(float));
  for (std::size_t i = 0; i < desc.blocks.size(); ++i) {
    const Tiling tiling = tile_block(desc, i, 1);
    const std::size_t d = tiling.block.latents;
    const bool dense = is_stored(desc.kind);
    const BufferId W = dense ? state.dense[i] : kNoBuffer;
    const BufferId work = schedule.buffer("map." + tiling.block.name + ".norm_work", "workspace",
                                          (dense ? 0 : 3 * tiling.points) * sizeof(float));
    Step step;
    step.name = "map." + tiling.block.name + ".row_norms";
    if (dense) step.reads = {W};
    step.writes = {norms, work};
    step.bind = [=, bf16 = desc.kind == MapKind::dense_bf16,
                 n_threads = schedule.n_threads()](const Memory& memory) -> Run {
      float* to = memory.at<float>(norms) + tiling.block.theta_offset;
      if (!dense) {
        const HadamardNorms n = {tiling, to, memory.at<float>(work)};
        return [n] { n.run(); };
      }
      const DenseNorms n = {memory.at<const std::byte>(W), to,  tiling.block.rows, d,
                            dense_row_length(d),           bf16};
      return [n, n_threads] { n.run(n_threads); };
    };
    schedule.add(std::move(step));
  }
  return norms;
}

}  // namespace mapnet::cpu
