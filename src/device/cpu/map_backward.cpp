#include <memory>

#include "device/cpu/dense_block.hpp"
#include "device/cpu/hadamard.hpp"
#include "device/cpu/kronecker.hpp"
#include "device/cpu/parallel.hpp"
#include "device/cpu/row_epilogue.hpp"
#include "device/map_tiles.hpp"

namespace mapnet::cpu {

namespace {

MAPNET_CPU_LEVELS void add(float* to, const float* from, std::size_t n) {
  for (std::size_t k = 0; k < n; ++k) to[k] += from[k];
}

/// Everything one block's backward pass touches, bound to addresses. The adjoint of BlockForward:
/// its steps in reverse order, transposed.
struct BlockBackward {
  const MapDesc* desc = nullptr;
  Tiling tiling;
  const float* z = nullptr;       // [d]
  const float* v = nullptr;       // [d] what modulates: z itself, or a vector of its own
  DenseBlock dense = {};          // W, where the map is dense
  const float* u = nullptr;       // [P of the whole theta] or null
  const float* dtheta = nullptr;  // likewise
  float* dz = nullptr;            // [d]
  float* dv = nullptr;            // [d] where v is of its own
  float* linear = nullptr;        // [groups, ld or m] sums for W z
  float* squares = nullptr;       // [groups, m] sums for S (v*z)
  float* work = nullptr;          // [groups, m]
  double* sums = nullptr;         // [groups] sum of g, for scalar modulation

  bool dense_map() const { return is_stored(desc->kind); }
  bool signed_modulation() const { return desc->modulation == Modulation::signed_; }
  std::size_t linear_size() const {
    return dense_map() ? dense_row_length(tiling.block.latents) : tiling.points;
  }

  void run_tile(std::size_t tile, std::size_t group, float* linear_sum, float* squares_sum,
                double& sum) const {
    float* g = work + group * tiling.points;
    const std::size_t m = tiling.points, rows = tiling.rows_of(tile);
    const std::size_t begin = tiling.block.theta_offset + tile * m;
    for_each_scale(desc->scales, begin, begin + rows,
                   [&](std::size_t at, std::size_t n, float scale) {
                     activation_gradient_rows(g + (at - begin), dtheta + at, u ? u + at : nullptr,
                                              n, scale, desc->activation, desc->omega);
                   });
    if (desc->modulation == Modulation::scalar)
      for (std::size_t j = 0; j < rows; ++j) sum += static_cast<double>(g[j]);
    if (dense_map()) dense.add_backward(linear_sum, g, tile * m, rows, group);
    if (dense_map() && !signed_modulation()) return;
    std::fill(g + rows, g + m, 0.0f);
    hadamard_transform(g, m);
    if (!dense_map()) add_with_signs(linear_sum, g, m, tiling.outer, tile);
    if (signed_modulation()) add_with_signs(squares_sum, g, m, tiling.modulation_outer, tile);
  }

  void run_group(std::size_t group) const {
    float* linear_sum = linear + group * linear_size();
    float* squares_sum = squares + group * tiling.points;
    std::fill_n(linear_sum, linear_size(), 0.0f);
    if (signed_modulation()) std::fill_n(squares_sum, tiling.points, 0.0f);
    double sum = 0;
    const std::size_t first = tiling.tiles * group / tiling.groups;
    const std::size_t last = tiling.tiles * (group + 1) / tiling.groups;
    for (std::size_t tile = first; tile < last; ++tile)
      run_tile(tile, group, linear_sum, squares_sum, sum);
    sums[group] = sum;
  }

  /// Sums the groups into the first, in order.
  void reduce(float* parts, std::size_t size) const {
    for (std::size_t group = 1; group < tiling.groups; ++group)
      add(parts, parts + group * size, size);
  }

  void unmix(float* x, const SignStream& signs) const {
    hadamard_transform(x, tiling.points);
    apply_signs(x, x, tiling.points, signs, 0);
  }

  void run(int n_threads) const {
    parallel_for(static_cast<int>(tiling.groups), n_threads,
                 [this](int group) { run_group(static_cast<std::size_t>(group)); });
    const std::size_t d = tiling.block.latents;
    reduce(linear, linear_size());
    if (dense_map())
      dense.after_backward(linear);
    else
      unmix(linear, tiling.inner);
    const float scale = dense_map() ? tiling.dense_scale() : tiling.hadamard_scale();
    for (std::size_t k = 0; k < d; ++k) dz[k] = scale * linear[k];

    if (signed_modulation()) {
      reduce(squares, tiling.points);
      unmix(squares, tiling.modulation_inner);
      const float each = desc->modulator_power() * desc->alpha * tiling.hadamard_scale();
      for (std::size_t k = 0; k < d; ++k) dz[k] += each * v[k] * squares[k];
      if (dv)
        for (std::size_t k = 0; k < d; ++k) dv[k] = each * z[k] * squares[k];
    } else if (desc->modulation == Modulation::scalar) {
      double sum = 0;
      for (std::size_t group = 0; group < tiling.groups; ++group) sum += sums[group];
      const double power = static_cast<double>(desc->modulator_power());
      const float each = static_cast<float>(power * static_cast<double>(desc->alpha) * sum);
      for (std::size_t k = 0; k < d; ++k) dz[k] += each * v[k];
      if (dv)
        for (std::size_t k = 0; k < d; ++k) dv[k] = each * z[k];
    }
  }
};

}  // namespace

void map_backward(Schedule& schedule, const MapDesc& desc, const MapState& state, BufferId z,
                  BufferId dtheta, BufferId dz) {
  if (desc.kind == MapKind::kronecker)
    return kronecker_backward(schedule, desc, state, z, dtheta, dz);
  const auto shared = std::make_shared<const MapDesc>(desc);
  for (std::size_t i = 0; i < desc.blocks.size(); ++i) {
    const Tiling tiling = tile_block(desc, i, kMaxGroups);
    const std::size_t m = tiling.points, groups = tiling.groups, d = tiling.block.latents;
    const bool dense_map = is_stored(desc.kind);
    const std::string name = "map." + tiling.block.name;
    const auto scratch = [&](const char* what, std::size_t bytes) {
      return schedule.buffer(name + what, "workspace", bytes);
    };
    const BufferId linear =
        scratch(".linear_sums", groups * (dense_map ? dense_row_length(d) : m) * sizeof(float));
    const BufferId squares = scratch(
        ".squares_sums", desc.modulation == Modulation::signed_ ? groups * m * sizeof(float) : 0);
    const BufferId work = scratch(".gradient_work", groups * m * sizeof(float));
    const BufferId sums = scratch(".scalar_sums", groups * sizeof(double));

    Step step;
    step.name = name + ".backward";
    step.reads = {z, dtheta};
    step.writes = {dz, linear, squares, work, sums};
    if (state.u != kNoBuffer) step.reads.push_back(state.u);
    const DenseBlockBuffers dense(schedule, desc, state, i, step.name, groups);
    dense.touch(step);
    if (state.round != kNoBuffer) step.reads.push_back(state.round);
    const MapCost cost = map_cost(tiling, state.u != kNoBuffer ? 2 : 1,
                                  desc.modulation == Modulation::none ? 1 : 2, dense.bytes);
    step.flops = cost.flops;
    step.bytes = cost.bytes;
    step.bind = [=, kept_u = state.u, round = state.round,
                 n_threads = schedule.n_threads()](const Memory& memory) {
      BlockBackward b;
      b.desc = shared.get();
      b.tiling = tiling;
      if (round != kNoBuffer) b.tiling.set_round(memory.at<const std::uint32_t>(round));
      b.z = memory.at<const float>(z) + tiling.block.latent_offset;
      b.v = b.z + shared->modulator_offset();
      b.dense = dense.bind(memory);
      if (kept_u != kNoBuffer) b.u = memory.at<const float>(kept_u);
      b.dtheta = memory.at<const float>(dtheta);
      b.dz = memory.at<float>(dz) + tiling.block.latent_offset;
      if (shared->own_modulator) b.dv = b.dz + shared->modulator_offset();
      b.linear = memory.at<float>(linear);
      b.squares = memory.at<float>(squares);
      b.work = memory.at<float>(work);
      b.sums = memory.at<double>(sums);
      return Run([shared, b, n_threads] { b.run(n_threads); });
    };
    schedule.add(std::move(step));
  }
}

}  // namespace mapnet::cpu
