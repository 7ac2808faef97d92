#include "device/cuda/correlation.hpp"
#include "device/cuda/gpu.hpp"
#include "device/cuda/sign_of.cuh"
#include "device/cuda/sum_groups.cuh"
#include "device/cuda/transform_tiles.cuh"
#include "device/ops/row_factors.hpp"

namespace mapnet::cuda {

namespace {

constexpr unsigned kThreads = 256;

/// One block's factors. The passes are not fused: each transform is one of memory.
struct BlockFactors {
  TileShape shape;
  std::size_t rows, d, tiles;
  SignStream inner, modulation_inner;
  float alpha;
  const float *cross, *square;  // [tiles, m]
  const float* z;               // [d]
  float* latents;               // [2, m]
  float *first, *second;        // [tiles, m]; the second in the backward pass only

  std::size_t points() const { return tiles << shape.log_points; }
};

/// Both inner diagonals, D0 D2.
__device__ float inner_sign(const BlockFactors& f, std::size_t k) {
  return sign_of(f.inner, f.shape.log_points, k) *
         sign_of(f.modulation_inner, f.shape.log_points, k);
}

__global__ void latents_kernel(BlockFactors f) {
  const std::size_t k = blockIdx.x * std::size_t{kThreads} + threadIdx.x, m = f.shape.points();
  if (k >= m) return;
  const float x = k < f.d ? f.z[k] : 0.0f;
  f.latents[k] = inner_sign(f, k) * (4.0f * f.alpha * x);
  f.latents[m + k] = 4.0f * f.alpha * f.alpha * (x * x);
}

__global__ void combine_kernel(BlockFactors f, std::size_t n) {
  const std::size_t i = blockIdx.x * std::size_t{kThreads} + threadIdx.x;
  const std::size_t m = f.shape.points(), s = i & (m - 1);
  if (i < n) f.first[i] = f.cross[i] * f.latents[s] + f.square[i] * f.latents[m + s];
}

__global__ void rho_kernel(float* rho, const float* row_norms, const float* x, std::size_t rows) {
  const std::size_t j = blockIdx.x * std::size_t{kThreads} + threadIdx.x;
  if (j < rows) rho[j] = (row_norms ? row_norms[j] : 1.0f) + x[j];
}

__global__ void pad_kernel(float* x, const float* weight, std::size_t rows, std::size_t n) {
  const std::size_t i = blockIdx.x * std::size_t{kThreads} + threadIdx.x;
  if (i < n) x[i] = i < rows ? weight[i] : 0.0f;
}

__global__ void split_kernel(BlockFactors f, std::size_t n) {
  const std::size_t i = blockIdx.x * std::size_t{kThreads} + threadIdx.x;
  if (i >= n) return;
  const float y = f.first[i];
  f.first[i] = f.cross[i] * y;
  f.second[i] = f.square[i] * y;
}

__global__ void latent_gradient_kernel(BlockFactors f, float* dz) {
  const std::size_t k = blockIdx.x * std::size_t{kThreads} + threadIdx.x, m = f.shape.points();
  if (k >= f.d) return;
  dz[k] += 4.0f * f.alpha * (inner_sign(f, k) * f.latents[k]) +
           8.0f * f.alpha * f.alpha * f.z[k] * f.latents[m + k];
}

void forward(cudaStream_t stream, const BlockFactors& f, const float* row_norms, float* rho) {
  const std::size_t m = f.shape.points(), rows = f.rows, n = f.points();
  launch(stream, blocks_for(m, kThreads), kThreads, latents_kernel, f);
  transform_tiles(stream, f.latents, f.shape, 2);
  launch(stream, blocks_for(n, kThreads), kThreads, combine_kernel, f, n);
  transform_tiles(stream, f.first, f.shape, f.tiles);
  launch(stream, blocks_for(rows, kThreads), kThreads, rho_kernel, rho, row_norms, f.first, rows);
}

void backward(cudaStream_t stream, const BlockFactors& f, const float* weight, float* dz) {
  const std::size_t m = f.shape.points(), rows = f.rows, n = f.points();
  launch(stream, blocks_for(n, kThreads), kThreads, pad_kernel, f.first, weight, rows, n);
  transform_tiles(stream, f.first, f.shape, f.tiles);
  launch(stream, blocks_for(n, kThreads), kThreads, split_kernel, f, n);
  sum_groups(stream, f.first, f.latents, f.tiles, m);
  sum_groups(stream, f.second, f.latents + m, f.tiles, m);
  transform_tiles(stream, f.latents, f.shape, 2);
  launch(stream, blocks_for(f.d, kThreads), kThreads, latent_gradient_kernel, f, dz);
}

/// The buffers of one block's step, and how they are bound.
struct BlockStep {
  Tiling tiling;
  BlockFactors unbound;
  BufferId cross, square, z, latents, work;

  BlockStep(Schedule& schedule, const MapDesc& desc, std::size_t index, const RowFactors& factors,
            BufferId z_buffer, const char* what, std::size_t work_vectors)
      : tiling(tile_block(desc, index, 1)),
        unbound{},
        cross(factors.cross[index]),
        square(factors.square[index]),
        z(z_buffer) {
    unbound.shape = TileShape::of(tiling.points);
    unbound.rows = tiling.block.rows;
    unbound.d = tiling.block.latents;
    unbound.tiles = tiling.tiles;
    unbound.inner = tiling.inner;
    unbound.modulation_inner = tiling.modulation_inner;
    unbound.alpha = desc.alpha;
    const std::string name = "map." + tiling.block.name + what;
    latents = schedule.buffer(name + ".latents", "workspace", 2 * tiling.points * sizeof(float));
    work = schedule.buffer(name + ".work", "workspace",
                           work_vectors * unbound.points() * sizeof(float));
  }

  BlockFactors bind(const Memory& memory) const {
    BlockFactors f = unbound;
    f.cross = memory.at<const float>(cross);
    f.square = memory.at<const float>(square);
    f.z = memory.at<const float>(z) + tiling.block.latent_offset;
    f.latents = memory.at<float>(latents);
    f.first = memory.at<float>(work);
    f.second = f.first + f.points();
    return f;
  }

  void cost(Step& step) const {
    const MapCost c = map_cost(tiling, 3, 1, 0);
    step.flops = c.flops;
    step.bytes = c.bytes;
  }
};

}  // namespace

RowFactors row_factors_setup(Schedule& schedule, const MapDesc& desc) {
  RowFactors factors;
  const cudaStream_t stream = gpu_of(schedule).stream();
  for (std::size_t i = 0; i < desc.blocks.size(); ++i) {
    const Tiling tiling = tile_block(desc, i, 1);
    const std::size_t bytes = tiling.tiles * tiling.points * sizeof(float);
    const std::string name = "map." + tiling.block.name;
    const BufferId cross = schedule.buffer(name + ".cross", "map", bytes);
    const BufferId square = schedule.buffer(name + ".square", "map", bytes);
    const BufferId work = schedule.buffer(name + ".correlation_work", "workspace", bytes);
    Step step;
    step.name = name + ".correlate";
    step.writes = {cross, square, work};
    step.bind = [=](const Memory& memory) -> Run {
      auto* c = memory.at<float>(cross);
      auto* s = memory.at<float>(square);
      auto* w = memory.at<float>(work);
      return [=] {
        const TileShape shape = TileShape::of(tiling.points);
        const std::size_t d = tiling.block.latents;
        correlate_signs(stream, c, w, shape, tiling.tiles, d, tiling.outer,
                        tiling.modulation_outer);
        correlate_signs(stream, s, w, shape, tiling.tiles, d, tiling.modulation_outer,
                        tiling.modulation_outer);
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
  const cudaStream_t stream = gpu_of(schedule).stream();
  for (std::size_t i = 0; i < desc.blocks.size(); ++i) {
    const BlockStep block(schedule, desc, i, factors, z, ".row_factors", 1);
    Step step;
    step.name = "map." + desc.blocks[i].name + ".row_factors";
    step.reads = {z, block.cross, block.square};
    if (row_norms != kNoBuffer) step.reads.push_back(row_norms);
    step.writes = {rho, block.latents, block.work};
    block.cost(step);
    step.bind = [=, offset = desc.blocks[i].theta_offset](const Memory& memory) -> Run {
      const BlockFactors f = block.bind(memory);
      const float* norms =
          row_norms == kNoBuffer ? nullptr : memory.at<const float>(row_norms) + offset;
      float* to = memory.at<float>(rho) + offset;
      return [=] { forward(stream, f, norms, to); };
    };
    schedule.add(std::move(step));
  }
}

void row_factors_backward(Schedule& schedule, const MapDesc& desc, const RowFactors& factors,
                          BufferId z, BufferId weight, BufferId dz) {
  const cudaStream_t stream = gpu_of(schedule).stream();
  for (std::size_t i = 0; i < desc.blocks.size(); ++i) {
    const BlockStep block(schedule, desc, i, factors, z, ".row_factors_adjoint", 2);
    Step step;
    step.name = "map." + desc.blocks[i].name + ".row_factors_adjoint";
    step.reads = {z, block.cross, block.square, weight, dz};
    step.writes = {dz, block.latents, block.work};
    block.cost(step);
    step.bind = [=, b = desc.blocks[i]](const Memory& memory) -> Run {
      const BlockFactors f = block.bind(memory);
      const float* from = memory.at<const float>(weight) + b.theta_offset;
      float* to = memory.at<float>(dz) + b.latent_offset;
      return [=] { backward(stream, f, from, to); };
    };
    schedule.add(std::move(step));
  }
}

}  // namespace mapnet::cuda
