#include <algorithm>
#include <memory>
#include <vector>

#include "device/cuda/checks.hpp"
#include "device/cuda/gpu.hpp"
#include "device/cuda/kronecker.hpp"
#include "device/cuda/launch.hpp"
#include "device/cuda/row_epilogue.cuh"
#include "device/ops/kronecker.hpp"

namespace mapnet::cuda {

namespace {

constexpr unsigned kThreads = 256;
constexpr unsigned kSpan = 16 * kThreads;  // values of theta a block has

/// A stretch of theta: columns first ... first + width of all rows of a matrix.
struct Stretch {
  std::size_t at;  // in theta
  unsigned count, width, first;
};

/// Where the values of a matrix [rows, cols] lie in theta: its weight and its bias, the last
/// column. A block has values of one of them.
struct Places {
  Stretch weight, bias;
  unsigned cols, weight_blocks, blocks;

  static Places of(const KroneckerMatrix& m) {
    const auto rows = static_cast<unsigned>(m.rows), cols = static_cast<unsigned>(m.cols);
    const auto width = static_cast<unsigned>(m.weight_cols());
    Places p;
    p.weight = {m.offset, rows * width, width, 0};
    p.bias = {m.bias_offset, rows * (cols - width), cols - width, width};
    p.cols = cols;
    p.weight_blocks = blocks_for(p.weight.count, kSpan);
    p.blocks = p.weight_blocks + blocks_for(p.bias.count, kSpan);
    return p;
  }

  /// The block's. A copy, in registers: choosing a reference would put both into local memory.
  __device__ Stretch stretch() const {
    Stretch s = weight;
    if (blockIdx.x >= weight_blocks) s = bias;
    return s;
  }
  /// The block's first value, in its stretch.
  __device__ unsigned begin() const {
    return kSpan * (blockIdx.x < weight_blocks ? blockIdx.x : blockIdx.x - weight_blocks);
  }
  /// Where value i of a stretch is in the matrix.
  __device__ unsigned in_matrix(const Stretch& s, unsigned i) const {
    return i / s.width * cols + s.first + i % s.width;
  }
};

/// Which of a block's values a thread has in register r: neighbours have neighbours.
struct OfThread {
  __device__ unsigned operator()(int r) const {
    return threadIdx.x + static_cast<unsigned>(r) * kThreads;
  }
};

/// theta of u [rows, cols]. `out` is at theta's first row.
__global__ void __launch_bounds__(kThreads)
    scatter_kernel(Places places, const float* u, RowEpilogue out) {
  const Stretch s = places.stretch();
  const unsigned begin = places.begin();
  const OfThread index;
  float v[16];
#pragma unroll
  for (int r = 0; r < 16; ++r) {
    const unsigned i = begin + index(r);
    v[r] = i < s.count ? u[places.in_matrix(s, i)] : 0.0f;
  }
  out.rows.count = s.at + s.count;
  ScaleRun run;
  out.store(v, s.at + begin, kSpan, index, run);
}

/// G [rows, cols] of dtheta, the gradient of u. `from` is at theta's first row.
__global__ void __launch_bounds__(kThreads)
    gather_kernel(Places places, float* g, RowGradient from) {
  const Stretch s = places.stretch();
  const unsigned begin = places.begin();
  const OfThread index;
  float v[16];
  from.rows.count = s.at + s.count;
  ScaleRun run;
  from.load(v, s.at + begin, kSpan, index, run);
#pragma unroll
  for (int r = 0; r < 16; ++r) {
    const unsigned i = begin + index(r);
    if (i < s.count) g[places.in_matrix(s, i)] = v[r];
  }
}

/// to [size] = scale * from [n], zeros behind.
__global__ void scale_kernel(float* to, const float* from, std::size_t n, std::size_t size,
                             float scale) {
  const std::size_t i = blockIdx.x * std::size_t{kThreads} + threadIdx.x;
  if (i < size) to[i] = i < n ? scale * from[i] : 0.0f;
}

void scale_values(cudaStream_t stream, float* to, const float* from, std::size_t n,
                  std::size_t size, float scale) {
  launch(stream, blocks_for(size, kThreads), kThreads, scale_kernel, to, from, n, size, scale);
}

/// Of a matrix in the work, which begins where products want it to.
constexpr std::size_t aligned_floats(std::size_t floats) { return (floats + 63) / 64 * 64; }

/// One matrix's pass: two products, planned, and once bound their operands.
struct MatrixPass {
  KroneckerMatrix m;
  std::shared_ptr<const Product> by_left, by_right;  // with U, with V
  const float *U = nullptr, *V = nullptr;            // [rows, left], [cols, right]
  // Work. A bias is a column like others there, whose products need to know of no other place.
  float* small = nullptr;  // Z or dZ [left, right]
  float* half = nullptr;   // Z V^T or U^T G [left, cols]
  float* full = nullptr;   // u or G [rows, cols]
  void* workspace = nullptr;

  std::size_t small_size() const { return m.left * m.right; }
  std::size_t half_size() const { return m.left * m.cols; }
  std::size_t work_floats() const {
    return aligned_floats(small_size()) + aligned_floats(half_size()) + m.rows * m.cols;
  }

  /// theta = sigma(scale U Z V^T), and what else `out` says.
  void generate(cudaStream_t stream, const float* z, const RowEpilogue& out) const {
    scale_values(stream, small, z + m.latent_offset, m.latents, small_size(), kronecker_scale(m));
    by_right->run(small, V, nullptr, half, workspace);
    by_left->run(U, half, nullptr, full, workspace);
    const Places places = Places::of(m);
    launch(stream, places.blocks, kThreads, scatter_kernel, places, full, out);
  }

  /// dz = scale U^T G V, of which Z has values.
  void adjoint(cudaStream_t stream, const RowGradient& from, float* dz) const {
    const Places places = Places::of(m);
    launch(stream, places.blocks, kThreads, gather_kernel, places, full, from);
    by_left->run(U, full, nullptr, half, workspace);
    by_right->run(half, V, nullptr, small, workspace);
    scale_values(stream, dz + m.latent_offset, small, m.latents, m.latents, kronecker_scale(m));
  }
};

enum class Pass { forward, backward };

/// The passes of all matrices, one behind the other in the same work.
class MatrixPasses {
 public:
  MatrixPasses(Schedule& schedule, const MapDesc& desc, const MapState& state,
               const std::string& step, Pass pass)
      : left_(state.left), right_(state.right), scales_(state.scales) {
    require_matrices(desc);
    std::size_t floats = 0, bytes = 0;
    for (const KroneckerMatrix& m : desc.matrices) {
      passes_.push_back(planned(gpu_of(schedule).blas(), m, pass));
      const MatrixPass& p = passes_.back();
      floats = std::max(floats, p.work_floats());
      bytes = std::max({bytes, p.by_left->workspace_bytes(), p.by_right->workspace_bytes()});
    }
    work_ = schedule.buffer(step + ".work", "workspace", floats * sizeof(float));
    workspace_ = schedule.buffer(step + ".workspace", "workspace", bytes);
  }

  /// What is a GPU's own: the work, and the table of scales.
  void touch(Step& step) const {
    step.reads.push_back(scales_);
    step.writes.insert(step.writes.end(), {work_, workspace_});
  }

  std::vector<MatrixPass> bind(const Memory& memory) const {
    std::vector<MatrixPass> bound = passes_;
    for (std::size_t i = 0; i < bound.size(); ++i) {
      MatrixPass& p = bound[i];
      p.U = memory.at<const float>(left_[i]);
      p.V = memory.at<const float>(right_[i]);
      p.small = memory.at<float>(work_);
      p.half = p.small + aligned_floats(p.small_size());
      p.full = p.half + aligned_floats(p.half_size());
      p.workspace = memory.at<std::byte>(workspace_);
    }
    return bound;
  }

 private:
  /// In float32 whatever the fast math: theta is what a latent file stands for, and small products
  /// once a step have little to gain.
  static MatrixPass planned(const std::shared_ptr<Blas>& blas, const KroneckerMatrix& m,
                            Pass pass) {
    const int rows = static_cast<int>(m.rows), cols = static_cast<int>(m.cols);
    const int left = static_cast<int>(m.left), right = static_cast<int>(m.right);
    ProductDesc by_right{.m = left, .n = cols, .k = right, .transpose_b = true};  // Z V^T
    ProductDesc by_left{.m = rows, .n = cols, .k = left};                         // U (Z V^T)
    if (pass == Pass::backward) {
      by_left = {.m = left, .n = cols, .k = rows, .transpose_a = true};  // U^T G
      by_right = {.m = left, .n = right, .k = cols};                     // (U^T G) V
    }
    MatrixPass p;
    p.m = m;
    p.by_left = plan_product(blas, by_left, FastMath::off);
    p.by_right = plan_product(blas, by_right, FastMath::off);
    return p;
  }

  std::vector<MatrixPass> passes_;
  std::vector<BufferId> left_, right_;
  BufferId scales_;
  BufferId work_ = kNoBuffer, workspace_ = kNoBuffer;
};

/// All rows of theta; kernels say how many there are of a stretch.
Rows rows_of(const MapDesc& desc) {
  Rows rows{};
  rows.scales.count = static_cast<int>(desc.scales.size());
  rows.activation = desc.activation;
  rows.omega = desc.omega;
  return rows;
}

}  // namespace

void kronecker_forward(Schedule& schedule, const MapDesc& desc, MapState& state, BufferId z,
                       BufferId theta, BufferId kept_u) {
  Step step = kronecker_forward_step(desc, state, z, theta, kept_u);
  const MatrixPasses matrices(schedule, desc, state, step.name, Pass::forward);
  matrices.touch(step);
  const cudaStream_t stream = gpu_of(schedule).stream();
  step.bind = [=, rows = rows_of(desc), base = state.base,
               scales = state.scales](const Memory& memory) -> Run {
    RowEpilogue out{};
    out.rows = rows;
    out.rows.scales.table = memory.at<const RowScale>(scales);
    out.theta = memory.at<float>(theta);
    if (kept_u != kNoBuffer) out.kept_u = memory.at<float>(kept_u);
    if (base != kNoBuffer) out.base = memory.at<const float>(base);
    const auto* from = memory.at<const float>(z);
    return [=, bound = matrices.bind(memory)] {
      for (const MatrixPass& matrix : bound) matrix.generate(stream, from, out);
    };
  };
  schedule.add(std::move(step));
}

void kronecker_backward(Schedule& schedule, const MapDesc& desc, const MapState& state, BufferId z,
                        BufferId dtheta, BufferId dz) {
  Step step = kronecker_backward_step(desc, state, z, dtheta, dz);
  const MatrixPasses matrices(schedule, desc, state, step.name, Pass::backward);
  matrices.touch(step);
  const cudaStream_t stream = gpu_of(schedule).stream();
  step.bind = [=, rows = rows_of(desc), kept_u = state.u,
               scales = state.scales](const Memory& memory) -> Run {
    RowGradient gradient{};
    gradient.rows = rows;
    gradient.rows.scales.table = memory.at<const RowScale>(scales);
    gradient.dtheta = memory.at<const float>(dtheta);
    if (kept_u != kNoBuffer) gradient.u = memory.at<const float>(kept_u);
    auto* to = memory.at<float>(dz);
    return [=, bound = matrices.bind(memory)] {
      for (const MatrixPass& matrix : bound) matrix.adjoint(stream, gradient, to);
    };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cuda
