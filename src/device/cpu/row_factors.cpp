#include "device/ops/row_factors.hpp"

#include <algorithm>

#include "device/cpu/correlation.hpp"
#include "device/cpu/parallel.hpp"

namespace mapnet::cpu {

namespace {

/// One block's factors, and what is done with them.
struct BlockFactors {
  Tiling tiling;
  float alpha = 0;
  const float *cross = nullptr, *square = nullptr;  // [tiles, m]
  const float* z = nullptr;                         // [d]
  float* latents = nullptr;                         // [2, m]: H D0 D2 z and H (z * z), weighted
  float* work = nullptr;                            // [groups, m]
  float* sums = nullptr;                            // [groups, 2, m], backward only

  /// out [m] = D0 D2 x, both inner diagonals.
  void apply_inner_signs(float* out, const float* x) const {
    apply_signs(out, x, tiling.points, tiling.inner, 0);
    apply_signs(out, out, tiling.points, tiling.modulation_inner, 0);
  }

  void forward(const float* row_norms, float* rho, int n_threads) const {
    const std::size_t m = tiling.points, d = tiling.block.latents;
    float *first = latents, *second = latents + m;
    for (std::size_t k = 0; k < d; ++k) {
      first[k] = 4.0f * alpha * z[k];
      second[k] = 4.0f * alpha * alpha * (z[k] * z[k]);
    }
    std::fill(first + d, first + m, 0.0f);
    std::fill(second + d, second + m, 0.0f);
    apply_inner_signs(first, first);
    hadamard_transform(first, m);
    hadamard_transform(second, m);
    parallel_for(static_cast<int>(tiling.groups), n_threads, [&](int group) {
      for_tiles_of(group, [&](std::size_t tile, float* x) {
        const std::size_t begin = tile * m;
        for (std::size_t s = 0; s < m; ++s)
          x[s] = cross[begin + s] * first[s] + square[begin + s] * second[s];
        hadamard_transform(x, m);
        for (std::size_t j = 0; j < tiling.rows_of(tile); ++j)
          rho[begin + j] = (row_norms ? row_norms[begin + j] : 1.0f) + x[j];
      });
    });
  }

  void backward(const float* weight, float* dz, int n_threads) const {
    const std::size_t m = tiling.points;
    parallel_for(static_cast<int>(tiling.groups), n_threads, [&](int group) {
      float* first = sums + static_cast<std::size_t>(group) * 2 * m;
      float* second = first + m;
      std::fill_n(first, 2 * m, 0.0f);
      for_tiles_of(group, [&](std::size_t tile, float* x) {
        const std::size_t rows = tiling.rows_of(tile), begin = tile * m;
        std::copy_n(weight + begin, rows, x);
        std::fill(x + rows, x + m, 0.0f);
        hadamard_transform(x, m);
        for (std::size_t s = 0; s < m; ++s) {
          first[s] += cross[begin + s] * x[s];
          second[s] += square[begin + s] * x[s];
        }
      });
    });
    for (std::size_t group = 1; group < tiling.groups; ++group)
      for (std::size_t s = 0; s < 2 * m; ++s) sums[s] += sums[group * 2 * m + s];
    hadamard_transform(sums, m);
    hadamard_transform(sums + m, m);
    apply_inner_signs(sums, sums);
    for (std::size_t k = 0; k < tiling.block.latents; ++k)
      dz[k] += 4.0f * alpha * sums[k] + 8.0f * alpha * alpha * z[k] * sums[m + k];
  }

 private:
  template <class F>
  void for_tiles_of(int group, const F& f) const {
    const auto g = static_cast<std::size_t>(group);
    for (std::size_t tile = tiling.tiles * g / tiling.groups;
         tile < tiling.tiles * (g + 1) / tiling.groups; ++tile)
      f(tile, work + g * tiling.points);
  }
};

/// A step on one block; `extra` floats of workspace follow the groups' own.
struct BlockStep {
  Tiling tiling;
  BufferId latents, work, sums;

  BlockStep(Schedule& schedule, const MapDesc& desc, std::size_t index, const char* what,
            bool backward)
      : tiling(tile_block(desc, index, kMaxGroups)) {
    const std::string name = "map." + tiling.block.name + what;
    const std::size_t m = tiling.points * sizeof(float);
    latents = schedule.buffer(name + ".latents", "workspace", backward ? 0 : 2 * m);
    work = schedule.buffer(name + ".work", "workspace", tiling.groups * m);
    sums = schedule.buffer(name + ".sums", "workspace", backward ? tiling.groups * 2 * m : 0);
  }

  BlockFactors bind(const Memory& memory, float alpha, BufferId cross, BufferId square,
                    BufferId z) const {
    BlockFactors f;
    f.tiling = tiling;
    f.alpha = alpha;
    f.cross = memory.at<const float>(cross);
    f.square = memory.at<const float>(square);
    f.z = memory.at<const float>(z) + tiling.block.latent_offset;
    f.latents = memory.at<float>(latents);
    f.work = memory.at<float>(work);
    f.sums = memory.at<float>(sums);
    return f;
  }

  /// Of either pass: a transform a tile, and three values a point.
  void cost(Step& step) const {
    const MapCost c = map_cost(tiling, 3, 1, 0);
    step.flops = c.flops;
    step.bytes = c.bytes;
  }
};

}  // namespace

RowFactors row_factors_setup(Schedule& schedule, const MapDesc& desc) {
  RowFactors factors;
  for (std::size_t i = 0; i < desc.blocks.size(); ++i) {
    const Tiling tiling = tile_block(desc, i, 1);
    const std::size_t m = tiling.points, bytes = tiling.tiles * m * sizeof(float);
    const std::string name = "map." + tiling.block.name;
    const BufferId cross = schedule.buffer(name + ".cross", "map", bytes);
    const BufferId square = schedule.buffer(name + ".square", "map", bytes);
    const BufferId work =
        schedule.buffer(name + ".correlation_work", "workspace", m * sizeof(float));
    Step step;
    step.name = name + ".correlate";
    step.writes = {cross, square, work};
    step.bind = [=](const Memory& memory) -> Run {
      auto* c = memory.at<float>(cross);
      auto* s = memory.at<float>(square);
      auto* w = memory.at<float>(work);
      return [=] {
        for (std::size_t tile = 0; tile < tiling.tiles; ++tile) {
          const auto correlate = [&](float* out, const SignStream& a) {
            correlate_signs(out + tile * m, w, m, tiling.block.latents, a, tiling.modulation_outer,
                            tile);
          };
          correlate(c, tiling.outer);
          correlate(s, tiling.modulation_outer);
        }
      };
    };
    schedule.add(std::move(step));
    factors.cross.push_back(cross);
    factors.square.push_back(square);
  }
  return factors;
}

void row_factors_forward(Schedule& schedule, const MapDesc& desc, const RowFactors& factors,
                         BufferId row_norms, BufferId z, BufferId rho) {
  for (std::size_t i = 0; i < desc.blocks.size(); ++i) {
    const BlockStep block(schedule, desc, i, ".row_factors", false);
    const BufferId cross = factors.cross[i], square = factors.square[i];
    Step step;
    step.name = "map." + desc.blocks[i].name + ".row_factors";
    step.reads = {z, cross, square};
    if (row_norms != kNoBuffer) step.reads.push_back(row_norms);
    step.writes = {rho, block.latents, block.work};
    block.cost(step);
    step.bind = [=, alpha = desc.alpha,
                 n_threads = schedule.n_threads()](const Memory& memory) -> Run {
      const std::size_t offset = block.tiling.block.theta_offset;
      const BlockFactors f = block.bind(memory, alpha, cross, square, z);
      const float* norms =
          row_norms == kNoBuffer ? nullptr : memory.at<const float>(row_norms) + offset;
      float* to = memory.at<float>(rho) + offset;
      return [=] { f.forward(norms, to, n_threads); };
    };
    schedule.add(std::move(step));
  }
}

void row_factors_backward(Schedule& schedule, const MapDesc& desc, const RowFactors& factors,
                          BufferId z, BufferId weight, BufferId dz) {
  for (std::size_t i = 0; i < desc.blocks.size(); ++i) {
    const BlockStep block(schedule, desc, i, ".row_factors_adjoint", true);
    const BufferId cross = factors.cross[i], square = factors.square[i];
    Step step;
    step.name = "map." + desc.blocks[i].name + ".row_factors_adjoint";
    step.reads = {z, cross, square, weight, dz};
    step.writes = {dz, block.work, block.sums};
    block.cost(step);
    step.bind = [=, alpha = desc.alpha,
                 n_threads = schedule.n_threads()](const Memory& memory) -> Run {
      const BlockFactors f = block.bind(memory, alpha, cross, square, z);
      const float* from = memory.at<const float>(weight) + block.tiling.block.theta_offset;
      float* to = memory.at<float>(dz) + block.tiling.block.latent_offset;
      return [=] { f.backward(from, to, n_threads); };
    };
    schedule.add(std::move(step));
  }
}

}  // namespace mapnet::cpu
