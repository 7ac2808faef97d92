#include "device/cuda/correlation.hpp"
#include "device/cuda/gpu.hpp"
#include "device/cuda/transform_tiles.cuh"
#include "device/math.hpp"
#include "device/ops/smoothness.hpp"

namespace mapnet::cuda {

namespace {

constexpr unsigned kThreads = 256;

__device__ double value_of(float w) { return static_cast<double>(w); }
__device__ double value_of(std::uint16_t w) { return static_cast<double>(math::from_bf16(w)); }

/// norms [rows] = scale || row ||^2 of W [rows, ld]: a warp a row.
template <class T>
__global__ void dense_norms_kernel(float* norms, const T* W, std::size_t rows, std::size_t d,
                                   std::size_t ld, double scale) {
  const std::size_t row = blockIdx.x * std::size_t{kThreads / 32} + threadIdx.x / 32;
  const unsigned lane = threadIdx.x % 32;
  double sum = 0;
  if (row < rows)
    for (std::size_t k = lane; k < d; k += 32) {
      const double w = value_of(W[row * ld + k]);
      sum += w * w;
    }
  for (unsigned half = 16; half > 0; half /= 2) sum += __shfl_down_sync(0xffffffffu, sum, half);
  if (row < rows && lane == 0) norms[row] = static_cast<float>(scale * sum);
}

__global__ void columns_kernel(float* x, std::size_t d, std::size_t m) {
  const std::size_t k = blockIdx.x * std::size_t{kThreads} + threadIdx.x;
  if (k < m) x[k] = k < d ? 1.0f : 0.0f;
}

/// x [n] *= y [m], again and again.
__global__ void multiply_tiles_kernel(float* x, const float* y, std::size_t m, std::size_t n) {
  const std::size_t i = blockIdx.x * std::size_t{kThreads} + threadIdx.x;
  if (i < n) x[i] *= y[i & (m - 1)];
}

/// H (e * C), e = H 1_(k < d), C the correlation of the outer signs with themselves.
struct HadamardNorms {
  TileShape shape;
  Tiling tiling;
  float *norms, *columns, *correlation, *work;  // [rows], [m], [tiles, m] each

  void run(cudaStream_t stream) const {
    const std::size_t m = tiling.points, d = tiling.block.latents, n = tiling.tiles * m;
    launch(stream, blocks_for(m, kThreads), kThreads, columns_kernel, columns, d, m);
    transform_tiles(stream, columns, shape, 1);
    correlate_signs(stream, correlation, work, shape, tiling.tiles, d, tiling.outer, tiling.outer);
    launch(stream, blocks_for(n, kThreads), kThreads, multiply_tiles_kernel, correlation, columns,
           m, n);
    transform_tiles(stream, correlation, shape, tiling.tiles);
    MAPNET_CUDA(cudaMemcpyAsync(norms, correlation, tiling.block.rows * sizeof(float),
                                cudaMemcpyDeviceToDevice, stream));
  }
};

}  // namespace

BufferId map_row_norms(Schedule& schedule, const MapDesc& desc, const MapState& state) {
  if (rows_have_unit_norm(desc)) return kNoBuffer;
  const BufferId norms =
      schedule.buffer("map.row_norms", "map", desc.target_size() * sizeof(float));
  const cudaStream_t stream = gpu_of(schedule).stream();
  for (std::size_t i = 0; i < desc.blocks.size(); ++i) {
    const Tiling tiling = tile_block(desc, i, 1);
    const MapBlock block = tiling.block;
    const std::size_t m = tiling.points, n = tiling.tiles * m;
    const bool dense = is_stored(desc.kind);
    const BufferId W = dense ? state.dense[i] : kNoBuffer;
    const BufferId work = schedule.buffer("map." + block.name + ".norm_work", "workspace",
                                          (dense ? 0 : m + 2 * n) * sizeof(float));
    Step step;
    step.name = "map." + block.name + ".row_norms";
    if (dense) step.reads = {W};
    step.writes = {norms, work};
    step.bind = [=, kind = desc.kind](const Memory& memory) -> Run {
      float* to = memory.at<float>(norms) + block.theta_offset;
      if (!dense) {
        float* columns = memory.at<float>(work);
        const HadamardNorms h = {TileShape::of(m), tiling,      to,
                                 columns,          columns + m, columns + m + n};
        return [=] { h.run(stream); };
      }
      const auto* map = memory.at<const std::byte>(W);
      const double scale = static_cast<double>(block.rows) / static_cast<double>(block.latents);
      return [=] {
        const std::size_t ld = dense_row_length(block.latents);
        const unsigned blocks = blocks_for(block.rows, kThreads / 32);
        if (kind == MapKind::dense)
          launch(stream, blocks, kThreads, dense_norms_kernel<float>, to,
                 reinterpret_cast<const float*>(map), block.rows, block.latents, ld, scale);
        else
          launch(stream, blocks, kThreads, dense_norms_kernel<std::uint16_t>, to,
                 reinterpret_cast<const std::uint16_t*>(map), block.rows, block.latents, ld, scale);
      };
    };
    schedule.add(std::move(step));
  }
  return norms;
}

}  // namespace mapnet::cuda
