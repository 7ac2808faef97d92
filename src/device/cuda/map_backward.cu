#include <algorithm>
#include <cmath>

#include "device/cuda/checks.hpp"
#include "device/cuda/dense_backward.cuh"
#include "device/cuda/dense_source.cuh"
#include "device/cuda/gpu.hpp"
#include "device/cuda/hadamard_adjoint.cuh"
#include "device/cuda/kronecker.hpp"
#include "device/cuda/sum_groups.cuh"

namespace mapnet::cuda {

namespace {

/// dz = scale * sums (+ alpha sum v, and dv = alpha sum z, where there is a sum): what a dense map
/// leaves to do.
__global__ void dense_gradient_kernel(LatentGradient l, const float* sums, float scale) {
  const std::size_t k = blockIdx.x * static_cast<std::size_t>(blockDim.x) + threadIdx.x;
  if (k >= l.d) return;
  const float linear = scale * sums[k];
  if (!l.sum) {
    l.dz[k] = linear;
    return;
  }
  const auto each = static_cast<float>(static_cast<double>(l.alpha) * *l.sum);
  l.dz[k] = linear + each * l.v[k];
  if (l.dv) l.dv[k] = each * l.z[k];
}

/// How the transposed transform of a map block's tiles is cut: the same on every GPU.
struct AdjointCut {
  TileShape shape;
  std::size_t tiles = 0;
  std::size_t batch = 0;    ///< tiles that go through all passes before the next; 0: one pass
  std::size_t units = 0;    ///< of a batch: packs of small tiles, or large tiles
  std::size_t groups = 0;   ///< of units
  std::size_t columns = 0;  ///< sums a group

  static AdjointCut of(const Tiling& tiling) {
    // Points of all groups' sums: a thousand blocks, of which each sums as many tiles as it can.
    constexpr std::size_t kSums = std::size_t{1} << 21;
    AdjointCut c;
    c.shape = TileShape::of(tiling.points);
    c.tiles = tiling.tiles;
    c.batch = batch_of(c.shape, c.tiles);
    c.units = c.batch > 0 ? c.batch : c.shape.packs_of(c.tiles);
    c.columns = c.shape.packs_a_tile() << c.shape.log_pack();
    c.groups = std::min(c.units, std::max<std::size_t>(1, kSums / c.columns));
    return c;
  }
  /// Sums of g that the groups leave for scalar modulation.
  std::size_t scalar_sums() const { return groups << (shape.log_pack() - shape.pack_bits()); }
};

/// Everything one block's backward pass touches: the adjoint of Forward.
struct Backward {
  MapKind kind;
  bool modulated;
  AdjointCut cut;
  DenseCut dense_cut;
  std::size_t ld;
  float dense_scale;
  DenseSource dense;         // W, where the map is dense
  std::size_t dense_groups;  // of all its chunks
  RowGradient gradient;
  SignStream outer, modulation_outer;
  LatentGradient latents;
  float* dense_parts;    // [dense_groups, ld]
  float* dense_sums;     // [ld]
  float* parts;          // [vectors, groups, columns] of the transforms
  float* sums;           // [vectors, columns]
  float* work;           // [batch, m]
  double* scalar_parts;  // sums of g over groups, or null
  double* scalar_sum;    // [1]

  bool hadamard() const { return !is_stored(kind); }

  void enqueue(cudaStream_t stream) const {
    if (!hadamard()) multiply(stream);
    if (hadamard() || modulated) transform(stream);
    if (scalar_parts)
      sum_groups(stream, scalar_parts, scalar_sum, hadamard() ? cut.scalar_sums() : dense_groups,
                 1);
    if (!hadamard()) {
      sum_groups(stream, dense_parts, dense_sums, dense_groups, ld);
      dense.divide(dense_sums, true);
      launch(stream, blocks_for(latents.d, 256), 256, dense_gradient_kernel, latents, dense_sums,
             dense_scale);
    }
    if (hadamard() || modulated) unmix(stream);
  }

  /// The groups of a chunk's rows lie behind those of the chunk before.
  void multiply(cudaStream_t stream) const {
    float* chunk_parts = dense_parts;
    double* chunk_scalars = scalar_parts;
    dense.each(stream, [&](const void* W, std::size_t first, std::size_t n) {
      RowGradient rows = gradient.from(first);
      rows.rows.count = n;
      if (kind == MapKind::dense)
        dense_backward(stream, static_cast<const float*>(W), ld, rows, dense_cut, chunk_parts,
                       chunk_scalars);
      else
        dense_backward(stream, static_cast<const std::uint16_t*>(W), ld, rows, dense_cut,
                       chunk_parts, chunk_scalars);
      chunk_parts += dense_cut.groups * ld;
      if (chunk_scalars) chunk_scalars += dense_cut.groups;
    });
  }

  std::size_t vectors() const { return hadamard() && modulated ? 2 : 1; }

  void transform(cudaStream_t stream) const {
    AdjointTiles a{};
    a.shape = cut.shape;
    a.first_signs = hadamard() ? outer : modulation_outer;
    a.second_signs = modulation_outer;
    a.units = static_cast<unsigned>(cut.units);
    a.groups = static_cast<unsigned>(cut.groups);
    a.first_sums = parts;
    a.second_sums = parts + cut.groups * cut.columns;
    if (hadamard()) a.scalar_sums = scalar_parts;
    if (cut.batch == 0)
      return with_log_pack(cut.shape, [&](auto log) { run_adjoint<log()>(stream, gradient, a); });

    for (std::size_t tile = 0; tile < cut.tiles; tile += cut.batch) {
      const std::size_t n = std::min(cut.batch, cut.tiles - tile);
      const std::size_t begin = tile << cut.shape.log_points, points = n << cut.shape.log_points;
      const RowGradient rows = gradient.from(begin);
      const std::vector<ColumnPass> passes = column_passes(cut.shape);
      for (const ColumnPass& pass : passes)
        if (&pass == &passes.front())
          run_columns(stream, rows, PlainRows{work}, pass, points);
        else
          run_columns(stream, PlainRows{work}, PlainRows{work}, pass, points);
      a.units = static_cast<unsigned>(n);
      a.first_draw = begin >> cut.shape.log_draw();
      a.further = tile > 0;
      run_adjoint<kMaxLogPack>(stream, PlainRows{work}, a);
    }
  }

  template <int kLog, class Source>
  void run_adjoint(cudaStream_t stream, const Source& source, const AdjointTiles& a) const {
    const dim3 grid(static_cast<unsigned>(cut.shape.packs_a_tile()),
                    static_cast<unsigned>(cut.groups));
    if (vectors() == 2)
      launch(stream, grid, Pack<kLog>::kThreads, adjoint_kernel<kLog, true, Source>, source, a);
    else
      launch(stream, grid, Pack<kLog>::kThreads, adjoint_kernel<kLog, false, Source>, source, a);
  }

  void unmix(cudaStream_t stream) const {
    float* all = parts;
    if (cut.groups > 1) {
      all = sums;
      for (std::size_t v = 0; v < vectors(); ++v)
        sum_groups(stream, parts + v * cut.groups * cut.columns, sums + v * cut.columns, cut.groups,
                   cut.columns);
    }
    LatentGradient l = latents;
    if (hadamard()) l.linear.sums = all;
    if (modulated) l.squares.sums = all + (vectors() - 1) * cut.columns;
    if (!hadamard()) l.sum = nullptr;  // in dz already
    unmix_latents(stream, l, all, vectors());
  }
};

}  // namespace

void map_backward(Schedule& schedule, const MapDesc& desc, const MapState& state, BufferId z,
                  BufferId dtheta, BufferId dz) {
  require_points(desc);
  if (desc.kind == MapKind::kronecker)
    return kronecker_backward(schedule, desc, state, z, dtheta, dz);
  const bool hadamard = !is_stored(desc.kind), modulated = desc.modulation == Modulation::signed_,
             scalar = desc.modulation == Modulation::scalar;
  for (std::size_t i = 0; i < desc.blocks.size(); ++i) {
    const Tiling tiling = tile_block(desc, i, 1);
    const std::size_t m = tiling.points, offset = tiling.block.theta_offset;
    const std::string name = "map." + tiling.block.name;
    Backward b{};
    b.kind = desc.kind;
    b.modulated = modulated;
    b.ld = dense_row_length(tiling.block.latents);
    b.dense_scale = tiling.dense_scale();
    b.outer = tiling.outer;
    b.modulation_outer = tiling.modulation_outer;
    b.gradient.rows = {offset, tiling.block.rows, {}, desc.activation, desc.omega};
    b.gradient.rows.scales.count = static_cast<int>(desc.scales.size());
    b.latents.d = tiling.block.latents;
    b.latents.alpha = desc.modulator_power() * desc.alpha;
    b.latents.linear = {nullptr, tiling.inner, tiling.hadamard_scale()};
    b.latents.squares = {nullptr, tiling.modulation_inner,
                         b.latents.alpha * tiling.hadamard_scale()};
    if (hadamard || modulated) b.cut = AdjointCut::of(tiling);
    const DenseSourceBuffers dense(schedule, desc, state, i, name + ".backward");
    if (!hadamard) {
      b.dense_cut = DenseCut::of(desc.kind, dense.chunk_rows(), b.ld);
      b.dense_groups = dense.chunks() * b.dense_cut.groups;
    }
    b.latents.shape = b.cut.shape;

    const auto scratch = [&](const char* what, std::size_t bytes) {
      return schedule.buffer(name + what, "workspace", bytes);
    };
    const std::size_t columns = b.vectors() * b.cut.columns * sizeof(float);
    const BufferId parts = scratch(".tile_sums", b.cut.groups * columns);
    const BufferId sums = scratch(".sums", b.cut.groups > 1 ? columns : 0);
    const BufferId work = scratch(".gradient_work", b.cut.batch * m * sizeof(float));
    const BufferId dense_parts = scratch(".dense_sums", b.dense_groups * b.ld * sizeof(float));
    const BufferId dense_sums = scratch(".dense_sum", hadamard ? 0 : b.ld * sizeof(float));
    const std::size_t groups = hadamard ? b.cut.scalar_sums() : b.dense_groups;
    const BufferId scalars = scratch(".scalar_sums", scalar ? (groups + 1) * sizeof(double) : 0);

    Step step;
    step.name = name + ".backward";
    step.reads = {z, dtheta, state.scales};
    step.writes = {dz, parts, sums, work, dense_parts, dense_sums, scalars};
    if (state.u != kNoBuffer) step.reads.push_back(state.u);
    dense.touch(step);
    if (state.round != kNoBuffer) step.reads.push_back(state.round);
    const MapCost cost = map_cost(tiling, state.u != kNoBuffer ? 2 : 1,
                                  desc.modulation == Modulation::none ? 1 : 2, dense.bytes());
    step.flops = cost.flops;
    step.bytes = cost.bytes;
    const cudaStream_t stream = gpu_of(schedule).stream();
    step.bind = [=, kept_u = state.u, scales = state.scales, round = state.round,
                 latent_offset = tiling.block.latent_offset,
                 to_modulator = desc.modulator_offset()](const Memory& memory) -> Run {
      Backward bound = b;
      bound.dense = dense.bind(memory);
      bound.gradient.rows.scales.table = memory.at<const RowScale>(scales);
      bound.gradient.dtheta = memory.at<const float>(dtheta) + offset;
      if (kept_u != kNoBuffer) bound.gradient.u = memory.at<const float>(kept_u) + offset;
      bound.latents.z = memory.at<const float>(z) + latent_offset;
      bound.latents.v = bound.latents.z + to_modulator;
      bound.latents.dz = memory.at<float>(dz) + latent_offset;
      if (to_modulator > 0) bound.latents.dv = bound.latents.dz + to_modulator;
      bound.dense_parts = memory.at<float>(dense_parts);
      bound.dense_sums = memory.at<float>(dense_sums);
      bound.parts = memory.at<float>(parts);
      bound.sums = memory.at<float>(sums);
      bound.work = memory.at<float>(work);
      if (round != kNoBuffer)
        for (SignStream* s : {&bound.outer, &bound.modulation_outer, &bound.latents.linear.signs,
                              &bound.latents.squares.signs})
          s->round = memory.at<const std::uint32_t>(round);
      if (scalar) {
        bound.scalar_parts = memory.at<double>(scalars) + 1;
        bound.latents.sum = bound.scalar_sum = memory.at<double>(scalars);
      }
      return [=] { bound.enqueue(stream); };
    };
    schedule.add(std::move(step));
  }
}

}  // namespace mapnet::cuda
