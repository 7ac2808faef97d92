#include <memory>
#include <type_traits>

#include "device/cuda/gpu.hpp"
#include "device/cuda/launch.hpp"
#include "device/cuda/map_checks.hpp"
#include "device/cuda/tile.cuh"

namespace mapnet::cuda {

namespace {

/// Everything one block's forward pass touches.
struct Forward {
  Tiles tiling;
  Activation activation;
  float omega, alpha, hadamard_scale, dense_scale;
  bool hadamard, modulated, scalar;
  int n_scales;
  const RowScale* scales;
  const float* z;                // [d]
  const void* W;                 // [rows, ld] float32 or bfloat16, or null
  const float* base;             // [P of the whole theta] or null
  float *theta, *kept_u;         // likewise
  float *mixed, *mixed_squares;  // [m] H D z and the same of alpha z*z, scaled
  float* shift;                  // [1] alpha ||z||^2
  float* modulation;             // [rows] S-term of a dense map, or null

  __device__ void finish(std::size_t row, float u) const {
    const std::size_t j = tiling.theta_offset + row;
    const float v = u + (scalar ? *shift : 0.0f);
    if (kept_u) kept_u[j] = v;
    const float weight = scale_of(scales, n_scales, j) * activate(activation, omega, v);
    theta[j] = base ? weight + base[j] : weight;
  }
};

/// H D of the scaled latents: one block.
template <int kLog>
__global__ void __launch_bounds__(Tile<kLog>::kThreads) mix_kernel(Forward p, bool squares) {
  using T = Tile<kLog>;
  __shared__ float exchange[T::kExchange];
  __shared__ std::uint32_t words[4 * T::kDraws];
  T::draw_signs(words, squares ? p.tiling.modulation_inner : p.tiling.inner, 0);
  __syncthreads();
  const float scale = squares ? p.alpha * p.hadamard_scale : p.hadamard_scale;
  float v[16];
#pragma unroll
  for (int k = 0; k < 16; ++k) {
    const int i = T::template index<0>(k);
    const float z = i < static_cast<int>(p.tiling.latents) ? p.z[i] : 0.0f;
    v[k] = T::flip(squares ? z * z * scale : z * scale, words, i);
  }
  T::forward(v, exchange);
  float* out = squares ? p.mixed_squares : p.mixed;
#pragma unroll
  for (int k = 0; k < 16; ++k) out[T::template index<T::kPhases - 1>(k)] = v[k];
}

constexpr unsigned kNormThreads = 256;

/// alpha ||z||^2 in double, in an order of its own: rounded to float it is the CPU's but for ties.
__global__ void norm_kernel(Forward p) {
  __shared__ double sums[kNormThreads];
  double sum = 0;
  for (std::size_t k = threadIdx.x; k < p.tiling.latents; k += kNormThreads)
    sum += static_cast<double>(p.z[k]) * static_cast<double>(p.z[k]);
  sums[threadIdx.x] = sum;
  for (unsigned half = kNormThreads / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) sums[threadIdx.x] += sums[threadIdx.x + half];
  }
  if (threadIdx.x == 0) *p.shift = static_cast<float>(static_cast<double>(p.alpha) * sums[0]);
}

/// A tile a block: signs, transform, activation, scale.
template <int kLog>
__global__ void __launch_bounds__(Tile<kLog>::kThreads) tile_kernel(Forward p) {
  using T = Tile<kLog>;
  __shared__ float exchange[T::kExchange];
  __shared__ std::uint32_t words[4 * T::kDraws], modulation_words[4 * T::kDraws];
  const std::size_t tile = blockIdx.x, first = tile * T::kPoints;
  if (p.hadamard) T::draw_signs(words, p.tiling.outer, tile);
  if (p.modulated) T::draw_signs(modulation_words, p.tiling.modulation_outer, tile);
  __syncthreads();
  float v[16];
#pragma unroll
  for (int k = 0; k < 16; ++k) {
    const int i = T::template index<0>(k);
    v[k] = p.hadamard ? T::flip(p.mixed[i], words, i) : 0.0f;
    if (p.modulated) {
      const float s = T::flip(p.mixed_squares[i], modulation_words, i);
      v[k] = p.hadamard ? v[k] + s : s;
    }
  }
  T::forward(v, exchange);
#pragma unroll
  for (int k = 0; k < 16; ++k) {
    const std::size_t row = first + static_cast<std::size_t>(T::template index<T::kPhases - 1>(k));
    if (row >= p.tiling.rows) continue;
    if (p.hadamard)
      p.finish(row, v[k]);
    else
      p.modulation[row] = v[k];
  }
}

constexpr unsigned kWarps = 8;

__device__ inline float4 load4(const float* row, std::size_t k) {
  return reinterpret_cast<const float4*>(row)[k];
}
__device__ inline float4 load4(const std::uint16_t* row, std::size_t k) {
  const uint2 two = reinterpret_cast<const uint2*>(row)[k];
  return {math::bits_to_float(two.x << 16), math::bits_to_float(two.x & 0xffff0000u),
          math::bits_to_float(two.y << 16), math::bits_to_float(two.y & 0xffff0000u)};
}

/// A row a warp: its product with z, added in an order that depends on d alone.
template <class Element>
__global__ void dense_kernel(Forward p) {
  const std::size_t d = p.tiling.latents, ld = dense_row_length(d);
  const std::size_t row = blockIdx.x * static_cast<std::size_t>(kWarps) + threadIdx.y;
  const bool real = row < p.tiling.rows;
  const auto* W = static_cast<const Element*>(p.W) + (real ? row : 0) * ld;
  float sum = 0;
  for (std::size_t k = threadIdx.x; k < ld / 4; k += 32) {
    const float4 w = load4(W, k);
    const std::size_t at = 4 * k;  // z has no padding; W's is zero
    const float x0 = at < d ? p.z[at] : 0.0f, x1 = at + 1 < d ? p.z[at + 1] : 0.0f;
    const float x2 = at + 2 < d ? p.z[at + 2] : 0.0f, x3 = at + 3 < d ? p.z[at + 3] : 0.0f;
    sum += (w.x * x0 + w.y * x1) + (w.z * x2 + w.w * x3);
  }
#pragma unroll
  for (int lanes = 16; lanes > 0; lanes /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, lanes);
  if (threadIdx.x == 0 && real)
    p.finish(row, (p.modulation ? p.modulation[row] : 0.0f) + p.dense_scale * sum);
}

void enqueue(cudaStream_t stream, const Forward& p, MapKind kind) {
  if (p.scalar) launch(stream, 1, kNormThreads, norm_kernel, p);
  if (p.hadamard || p.modulated)
    with_log_points(p.tiling.points, [&](auto log) {
      using T = Tile<log()>;
      if (p.hadamard) launch(stream, 1, T::kThreads, mix_kernel<log()>, p, false);
      if (p.modulated) launch(stream, 1, T::kThreads, mix_kernel<log()>, p, true);
      launch(stream, static_cast<unsigned>(p.tiling.tiles), T::kThreads, tile_kernel<log()>, p);
    });
  if (p.hadamard) return;
  const auto blocks = blocks_for(p.tiling.rows, kWarps);
  if (kind == MapKind::dense)
    launch(stream, blocks, dim3(32, kWarps), dense_kernel<float>, p);
  else
    launch(stream, blocks, dim3(32, kWarps), dense_kernel<std::uint16_t>, p);
}

}  // namespace

void map_forward(Schedule& schedule, const MapDesc& desc, MapState& state, BufferId z,
                 BufferId theta, bool keep_u) {
  check_points(desc);
  if (keep_u && desc.activation != Activation::identity && state.u == kNoBuffer)
    state.u = schedule.buffer("map.u", "activations", desc.target_size() * sizeof(float));
  const BufferId kept_u = keep_u ? state.u : kNoBuffer;
  const bool hadamard = !is_dense(desc.kind), modulated = desc.modulation == Modulation::signed_;

  for (std::size_t i = 0; i < desc.blocks.size(); ++i) {
    const Tiling tiling = tile_block(desc, i, 1);
    const std::string name = "map." + tiling.block.name;
    const auto scratch = [&](const char* what, std::size_t floats) {
      return schedule.buffer(name + what, "workspace", floats * sizeof(float));
    };
    const BufferId mixed = scratch(".mixed", hadamard ? tiling.points : 0);
    const BufferId squares = scratch(".mixed_squares", modulated ? tiling.points : 0);
    const BufferId shift = scratch(".shift", 1);
    const BufferId modulation =
        scratch(".modulation", modulated && !hadamard ? tiling.block.rows : 0);
    const BufferId dense = hadamard ? kNoBuffer : state.dense[i];

    Step step;
    step.name = name + ".forward";
    step.reads = {z, state.scales};
    step.writes = {theta, mixed, squares, shift, modulation};
    if (state.base != kNoBuffer) step.reads.push_back(state.base);
    if (kept_u != kNoBuffer) step.writes.push_back(kept_u);
    const auto rows = static_cast<double>(tiling.block.rows);
    step.bytes = rows * sizeof(float);
    if (hadamard) {
      step.flops = rows * std::log2(static_cast<double>(tiling.points));
    } else {
      step.reads.push_back(dense);
      step.flops = 2.0 * rows * static_cast<double>(tiling.block.latents);
      step.bytes += static_cast<double>(schedule.buffer_bytes(dense));
    }
    Forward p{};
    p.tiling = tiles_of(tiling);
    p.activation = desc.activation;
    p.omega = desc.omega;
    p.alpha = desc.alpha;
    p.hadamard_scale = tiling.hadamard_scale();
    p.dense_scale = tiling.dense_scale();
    p.hadamard = hadamard;
    p.modulated = modulated;
    p.scalar = desc.modulation == Modulation::scalar;
    p.n_scales = static_cast<int>(desc.scales.size());
    const cudaStream_t stream = gpu_of(schedule).stream();
    const BufferId base = state.base, scales = state.scales;
    const MapKind kind = desc.kind;
    step.bind = [=](const Memory& memory) -> Run {
      Forward bound = p;
      bound.scales = memory.at<const RowScale>(scales);
      bound.z = memory.at<const float>(z) + tiling.block.latent_offset;
      if (dense != kNoBuffer) bound.W = memory.at<const std::byte>(dense);
      if (base != kNoBuffer) bound.base = memory.at<const float>(base);
      bound.theta = memory.at<float>(theta);
      if (kept_u != kNoBuffer) bound.kept_u = memory.at<float>(kept_u);
      bound.mixed = memory.at<float>(mixed);
      bound.mixed_squares = memory.at<float>(squares);
      bound.shift = memory.at<float>(shift);
      if (modulated && !hadamard) bound.modulation = memory.at<float>(modulation);
      return [=] { enqueue(stream, bound, kind); };
    };
    schedule.add(std::move(step));
  }
}

}  // namespace mapnet::cuda
