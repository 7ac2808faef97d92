#include "device/cpu/kronecker.hpp"

#include <cblas.h>

#include <algorithm>
#include <memory>

#include "device/cpu/parallel.hpp"
#include "device/cpu/row_epilogue.hpp"
#include "device/ops/kronecker.hpp"

namespace mapnet::cpu {

namespace {

/// One matrix bound to addresses.
struct BoundMatrix {
  const KroneckerMatrix* m = nullptr;
  const float *U = nullptr, *V = nullptr;  // [rows, left], [cols, right]
  float* work = nullptr;                   // [work_floats]

  int rows() const { return static_cast<int>(m->rows); }
  int cols() const { return static_cast<int>(m->cols); }
  int left() const { return static_cast<int>(m->left); }
  int right() const { return static_cast<int>(m->right); }
  int weight_cols() const { return static_cast<int>(m->weight_cols()); }
  float* latents() const { return work + m->left * m->cols; }  // [left, right]

  /// u = scale U Z V^T into theta's places.
  void generate(const float* z, float* u) const {
    float* Z = latents();
    std::copy_n(z + m->latent_offset, m->latents, Z);
    std::fill(Z + m->latents, Z + m->left * m->right, 0.0f);
    // T [left, cols] = Z V^T
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, left(), cols(), right(),
                kronecker_scale(*m), Z, right(), V, right(), 0.0f, work, cols());
    if (weight_cols() > 0)
      cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows(), weight_cols(), left(), 1.0f, U,
                  left(), work, cols(), 0.0f, u + m->offset, weight_cols());
    if (m->has_bias)
      cblas_sgemv(CblasRowMajor, CblasNoTrans, rows(), left(), 1.0f, U, left(), work + cols() - 1,
                  cols(), 0.0f, u + m->bias_offset, 1);
  }

  /// dz = scale U^T G V, of which Z has values.
  void adjoint(const float* g, float* dz) const {
    if (weight_cols() > 0)
      cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, left(), weight_cols(), rows(), 1.0f, U,
                  left(), g + m->offset, weight_cols(), 0.0f, work, cols());
    if (m->has_bias)
      cblas_sgemv(CblasRowMajor, CblasTrans, rows(), left(), 1.0f, U, left(), g + m->bias_offset, 1,
                  0.0f, work + cols() - 1, cols());
    float* dZ = latents();
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, left(), right(), cols(),
                kronecker_scale(*m), work, cols(), V, right(), 0.0f, dZ, right());
    std::copy_n(dZ, m->latents, dz + m->latent_offset);
  }
};

/// Floats of work a pass takes for one matrix: Z V^T or U^T G [left, cols], and Z [left, right].
std::size_t work_floats(const KroneckerMatrix& m) { return m.left * (m.cols + m.right); }

/// Work of all matrices, each its own: they are taken by any thread.
BufferId work_buffer(Schedule& schedule, const MapDesc& desc, const char* name) {
  std::size_t floats = 0;
  for (const KroneckerMatrix& m : desc.matrices) floats += work_floats(m);
  return schedule.buffer(name, "workspace", floats * sizeof(float));
}

std::vector<BoundMatrix> bind(const MapDesc& desc, const MapState& state, BufferId work,
                              const Memory& memory) {
  std::vector<BoundMatrix> bound;
  float* next = memory.at<float>(work);
  for (std::size_t i = 0; i < desc.matrices.size(); ++i) {
    const KroneckerMatrix& m = desc.matrices[i];
    bound.push_back(
        {&m, memory.at<const float>(state.left[i]), memory.at<const float>(state.right[i]), next});
    next += work_floats(m);
  }
  return bound;
}

}  // namespace

void kronecker_forward(Schedule& schedule, const MapDesc& desc, MapState& state, BufferId z,
                       BufferId theta, BufferId kept_u) {
  const auto shared = std::make_shared<const MapDesc>(desc);
  const BufferId work = work_buffer(schedule, desc, "map.kronecker.work");
  Step step = kronecker_forward_step(desc, state, z, theta, kept_u);
  step.writes.push_back(work);
  step.bind = [=, state = state, n_threads = schedule.n_threads()](const Memory& memory) -> Run {
    const auto matrices = bind(*shared, state, work, memory);
    const float* from = memory.at<const float>(z);
    float* to = memory.at<float>(theta);
    float* u = kept_u == kNoBuffer ? nullptr : memory.at<float>(kept_u);
    const float* base = state.base == kNoBuffer ? nullptr : memory.at<const float>(state.base);
    return [=] {
      parallel_for(static_cast<int>(matrices.size()), n_threads,
                   [&](int i) { matrices[static_cast<std::size_t>(i)].generate(from, to); });
      const auto& scales = shared->scales;  // one a tensor
      parallel_for(static_cast<int>(scales.size()), n_threads, [&](int i) {
        const RowScale& s = scales[static_cast<std::size_t>(i)];
        float* at = to + s.offset;
        activate_rows(at, u ? u + s.offset : nullptr, at, base ? base + s.offset : nullptr, s.rows,
                      s.scale, 0.0f, shared->activation, shared->omega);
      });
    };
  };
  schedule.add(std::move(step));
}

void kronecker_backward(Schedule& schedule, const MapDesc& desc, const MapState& state, BufferId z,
                        BufferId dtheta, BufferId dz) {
  const auto shared = std::make_shared<const MapDesc>(desc);
  const BufferId work = work_buffer(schedule, desc, "map.kronecker.gradient_work");
  const BufferId g =
      schedule.buffer("map.kronecker.g", "workspace", desc.target_size() * sizeof(float));
  Step step = kronecker_backward_step(desc, state, z, dtheta, dz);
  step.writes.insert(step.writes.end(), {work, g});
  step.bind = [=, state = state, n_threads = schedule.n_threads()](const Memory& memory) -> Run {
    const auto matrices = bind(*shared, state, work, memory);
    const float* from = memory.at<const float>(dtheta);
    const float* u = state.u == kNoBuffer ? nullptr : memory.at<const float>(state.u);
    float *slopes = memory.at<float>(g), *to = memory.at<float>(dz);
    return [=] {
      const auto& scales = shared->scales;
      parallel_for(static_cast<int>(scales.size()), n_threads, [&](int i) {
        const RowScale& s = scales[static_cast<std::size_t>(i)];
        activation_gradient_rows(slopes + s.offset, from + s.offset, u ? u + s.offset : nullptr,
                                 s.rows, s.scale, shared->activation, shared->omega);
      });
      parallel_for(static_cast<int>(matrices.size()), n_threads,
                   [&](int i) { matrices[static_cast<std::size_t>(i)].adjoint(slopes, to); });
    };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cpu
