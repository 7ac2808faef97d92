#include "device/cuda/gpu.hpp"
#include "device/cuda/launch.hpp"
#include "device/cuda/map_checks.hpp"
#include "device/cuda/sum_rows.hpp"
#include "device/cuda/tile.cuh"

namespace mapnet::cuda {

namespace {

// Parts of the sum over theta: enough blocks for the largest GPU, and the same on all of them.
constexpr std::size_t kGroups = 512;
constexpr unsigned kThreads = 256;

/// Everything one block's backward pass touches: the adjoint of Forward.
struct Backward {
  Tiles tiling;
  Activation activation;
  float omega, alpha, hadamard_scale, dense_scale;
  bool hadamard, modulated, scalar;
  int n_scales;
  const RowScale* scales;
  std::size_t linear_size;          // columns of `linear`: m, or ld for a dense map
  const float* z;                   // [d]
  const void* W;                    // [rows, ld] or null
  const float *u, *dtheta;          // [P of the whole theta]; u may be null
  float* dz;                        // [d]
  float* g;                         // [rows] gradient of a dense map's u
  float *linear, *squares;          // [groups, linear_size] and [groups, m]
  float *linear_sum, *squares_sum;  // [linear_size] and [m]
  float* row_sums;                  // [rows / 256] sums of g, for scalar modulation

  __device__ float gradient(std::size_t row) const {
    const std::size_t j = tiling.theta_offset + row;
    const float slope = u ? activation_slope(activation, omega, u[j]) : 1.0f;
    return dtheta[j] * scale_of(scales, n_scales, j) * slope;
  }
};

/// A run of tiles a block: gradients, transform, signs, summed in registers.
template <int kLog>
__global__ void __launch_bounds__(Tile<kLog>::kThreads) tile_kernel(Backward p) {
  using T = Tile<kLog>;
  __shared__ float exchange[T::kExchange];
  __shared__ std::uint32_t words[4 * T::kDraws], modulation_words[4 * T::kDraws];
  const std::size_t group = blockIdx.x, tiles = p.tiling.tiles, groups = p.tiling.groups;
  float linear[16] = {}, squares[16] = {};
  for (std::size_t tile = tiles * group / groups; tile < tiles * (group + 1) / groups; ++tile) {
    float v[16];
#pragma unroll
    for (int k = 0; k < 16; ++k) {
      const std::size_t row =
          tile * T::kPoints + static_cast<std::size_t>(T::template index<T::kPhases - 1>(k));
      v[k] = row < p.tiling.rows ? p.gradient(row) : 0.0f;
    }
    __syncthreads();  // whoever still reads the last tile's words
    if (p.hadamard) T::draw_signs(words, p.tiling.outer, tile);
    if (p.modulated) T::draw_signs(modulation_words, p.tiling.modulation_outer, tile);
    __syncthreads();
    T::backward(v, exchange);
#pragma unroll
    for (int k = 0; k < 16; ++k) {
      const int i = T::template index<0>(k);
      if (p.hadamard) linear[k] += T::flip(v[k], words, i);
      if (p.modulated) squares[k] += T::flip(v[k], modulation_words, i);
    }
  }
#pragma unroll
  for (int k = 0; k < 16; ++k) {
    const std::size_t at = group * T::kPoints + static_cast<std::size_t>(T::template index<0>(k));
    if (p.hadamard) p.linear[at] = linear[k];
    if (p.modulated) p.squares[at] = squares[k];
  }
}

/// x = D H x over a sum of the groups: one block.
template <int kLog>
__global__ void __launch_bounds__(Tile<kLog>::kThreads) unmix_kernel(float* x, SignStream signs) {
  using T = Tile<kLog>;
  __shared__ float exchange[T::kExchange];
  __shared__ std::uint32_t words[4 * T::kDraws];
  T::draw_signs(words, signs, 0);
  float v[16];
#pragma unroll
  for (int k = 0; k < 16; ++k) v[k] = x[T::template index<T::kPhases - 1>(k)];
  __syncthreads();
  T::backward(v, exchange);
#pragma unroll
  for (int k = 0; k < 16; ++k) {
    const int i = T::template index<0>(k);
    x[i] = T::flip(v[k], words, i);
  }
}

/// g of each row where it is needed twice, and its sums over 256 rows for scalar modulation.
__global__ void gradient_kernel(Backward p) {
  __shared__ float sums[kThreads];
  const std::size_t row = blockIdx.x * static_cast<std::size_t>(kThreads) + threadIdx.x;
  const float g = row < p.tiling.rows ? p.gradient(row) : 0.0f;
  if (p.g && row < p.tiling.rows) p.g[row] = g;
  sums[threadIdx.x] = g;
  for (unsigned half = kThreads / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) sums[threadIdx.x] += sums[threadIdx.x + half];
  }
  if (threadIdx.x == 0 && p.scalar) p.row_sums[blockIdx.x] = sums[0];
}

constexpr unsigned kColumns = 128;  // threads; four columns each
constexpr int kRowsInFlight = 8;

__device__ inline float4 load4(const float* row, std::size_t k) {
  return reinterpret_cast<const float4*>(row)[k];
}
__device__ inline float4 load4(const std::uint16_t* row, std::size_t k) {
  const uint2 two = reinterpret_cast<const uint2*>(row)[k];
  return {math::bits_to_float(two.x << 16), math::bits_to_float(two.x & 0xffff0000u),
          math::bits_to_float(two.y << 16), math::bits_to_float(two.y & 0xffff0000u)};
}

/// linear[group] = W[rows of the group]^T g. Four columns a thread, eight rows in flight.
template <class Element>
__global__ void dense_kernel(Backward p, std::size_t groups) {
  const std::size_t ld = p.linear_size, rows = p.tiling.rows, group = blockIdx.y;
  const std::size_t column = blockIdx.x * static_cast<std::size_t>(kColumns) + threadIdx.x;
  if (column >= ld / 4) return;
  const auto* W = static_cast<const Element*>(p.W);
  float4 sum = {0, 0, 0, 0};
  const std::size_t end = rows * (group + 1) / groups;
  std::size_t row = rows * group / groups;
  const auto add = [&](const float4& w, float g) {
    sum.x += w.x * g, sum.y += w.y * g, sum.z += w.z * g, sum.w += w.w * g;
  };
  for (; row + kRowsInFlight <= end; row += kRowsInFlight) {
    float4 w[kRowsInFlight];
#pragma unroll
    for (int k = 0; k < kRowsInFlight; ++k)
      w[k] = load4(W + (row + static_cast<std::size_t>(k)) * ld, column);
#pragma unroll
    for (int k = 0; k < kRowsInFlight; ++k) add(w[k], p.g[row + static_cast<std::size_t>(k)]);
  }
  for (; row < end; ++row) add(load4(W + row * ld, column), p.g[row]);
  reinterpret_cast<float4*>(p.linear + group * ld)[column] = sum;
}

/// dz from the sums: one block.
__global__ void finish_kernel(Backward p, std::size_t n_row_sums) {
  __shared__ double sums[kThreads];
  double sum = 0;
  if (p.scalar)
    for (std::size_t k = threadIdx.x; k < n_row_sums; k += kThreads)
      sum += static_cast<double>(p.row_sums[k]);
  sums[threadIdx.x] = sum;
  for (unsigned half = kThreads / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) sums[threadIdx.x] += sums[threadIdx.x + half];
  }
  __syncthreads();
  const float scalar = static_cast<float>(2.0 * static_cast<double>(p.alpha) * sums[0]);
  const float scale = p.hadamard ? p.hadamard_scale : p.dense_scale;
  const float squared = 2.0f * p.alpha * p.hadamard_scale;
  for (std::size_t k = threadIdx.x; k < p.tiling.latents; k += kThreads) {
    float dz = scale * p.linear_sum[k];
    if (p.modulated) dz += squared * p.z[k] * p.squares_sum[k];
    if (p.scalar) dz += scalar * p.z[k];
    p.dz[k] = dz;
  }
}

void enqueue(cudaStream_t stream, const Backward& p, MapKind kind) {
  const std::size_t rows = p.tiling.rows, m = p.tiling.points;
  const unsigned row_blocks = blocks_for(rows, kThreads);
  if (p.g || p.scalar) launch(stream, row_blocks, kThreads, gradient_kernel, p);
  if (!p.hadamard) {
    const std::size_t groups = std::min(rows, kGroups);
    const dim3 grid(blocks_for(p.linear_size / 4, kColumns), static_cast<unsigned>(groups));
    if (kind == MapKind::dense)
      launch(stream, grid, kColumns, dense_kernel<float>, p, groups);
    else
      launch(stream, grid, kColumns, dense_kernel<std::uint16_t>, p, groups);
    sum_rows(stream, p.linear_sum, p.linear, groups, p.linear_size);
  }
  if (p.hadamard || p.modulated)
    with_log_points(m, [&](auto log) {
      using T = Tile<log()>;
      launch(stream, static_cast<unsigned>(p.tiling.groups), T::kThreads, tile_kernel<log()>, p);
      if (p.hadamard) {
        sum_rows(stream, p.linear_sum, p.linear, p.tiling.groups, m);
        launch(stream, 1, T::kThreads, unmix_kernel<log()>, p.linear_sum, p.tiling.inner);
      }
      if (p.modulated) {
        sum_rows(stream, p.squares_sum, p.squares, p.tiling.groups, m);
        launch(stream, 1, T::kThreads, unmix_kernel<log()>, p.squares_sum,
               p.tiling.modulation_inner);
      }
    });
  launch(stream, 1, kThreads, finish_kernel, p, static_cast<std::size_t>(row_blocks));
}

}  // namespace

void map_backward(Schedule& schedule, const MapDesc& desc, const MapState& state, BufferId z,
                  BufferId dtheta, BufferId dz) {
  check_points(desc);
  const bool hadamard = !is_dense(desc.kind), modulated = desc.modulation == Modulation::signed_,
             scalar = desc.modulation == Modulation::scalar;
  for (std::size_t i = 0; i < desc.blocks.size(); ++i) {
    const Tiling tiling = tile_block(desc, i, kGroups);
    const std::size_t m = tiling.points, rows = tiling.block.rows;
    const std::size_t linear_size = hadamard ? m : dense_row_length(tiling.block.latents);
    const std::size_t groups = hadamard ? tiling.groups : std::min(rows, kGroups);
    const std::string name = "map." + tiling.block.name;
    const auto scratch = [&](const char* what, std::size_t floats) {
      return schedule.buffer(name + what, "workspace", floats * sizeof(float));
    };
    const BufferId linear = scratch(".linear_sums", groups * linear_size);
    const BufferId squares = scratch(".squares_sums", modulated ? tiling.groups * m : 0);
    const BufferId linear_sum = scratch(".linear_sum", linear_size);
    const BufferId squares_sum = scratch(".squares_sum", modulated ? m : 0);
    const BufferId g = scratch(".gradient", hadamard ? 0 : rows);
    const BufferId row_sums = scratch(".scalar_sums", scalar ? blocks_for(rows, kThreads) : 0);

    Step step;
    step.name = name + ".backward";
    step.reads = {z, dtheta, state.scales};
    step.writes = {dz, linear, squares, linear_sum, squares_sum, g, row_sums};
    step.bytes = static_cast<double>(rows) * sizeof(float);
    if (state.u != kNoBuffer) step.reads.push_back(state.u), step.bytes *= 2;
    const BufferId dense = hadamard ? kNoBuffer : state.dense[i];
    if (hadamard) {
      step.flops = static_cast<double>(rows) * std::log2(static_cast<double>(m));
    } else {
      step.reads.push_back(dense);
      step.flops = 2.0 * static_cast<double>(rows) * static_cast<double>(tiling.block.latents);
      step.bytes += static_cast<double>(schedule.buffer_bytes(dense));
    }
    Backward p{};
    p.tiling = tiles_of(tiling);
    p.activation = desc.activation;
    p.omega = desc.omega;
    p.alpha = desc.alpha;
    p.hadamard_scale = tiling.hadamard_scale();
    p.dense_scale = tiling.dense_scale();
    p.hadamard = hadamard;
    p.modulated = modulated;
    p.scalar = scalar;
    p.n_scales = static_cast<int>(desc.scales.size());
    p.linear_size = linear_size;
    const cudaStream_t stream = gpu_of(schedule).stream();
    const BufferId kept_u = state.u, scales = state.scales;
    const MapKind kind = desc.kind;
    step.bind = [=](const Memory& memory) -> Run {
      Backward bound = p;
      bound.scales = memory.at<const RowScale>(scales);
      bound.z = memory.at<const float>(z) + tiling.block.latent_offset;
      if (dense != kNoBuffer) bound.W = memory.at<const std::byte>(dense);
      if (kept_u != kNoBuffer) bound.u = memory.at<const float>(kept_u);
      bound.dtheta = memory.at<const float>(dtheta);
      bound.dz = memory.at<float>(dz) + tiling.block.latent_offset;
      if (!hadamard) bound.g = memory.at<float>(g);
      bound.linear = memory.at<float>(linear);
      bound.squares = memory.at<float>(squares);
      bound.linear_sum = memory.at<float>(linear_sum);
      bound.squares_sum = memory.at<float>(squares_sum);
      bound.row_sums = memory.at<float>(row_sums);
      return [=] { enqueue(stream, bound, kind); };
    };
    schedule.add(std::move(step));
  }
}

}  // namespace mapnet::cuda
