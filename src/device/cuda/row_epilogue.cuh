#pragma once

#include <cuda_runtime.h>

#include "device/cuda/row_scales.cuh"
#include "device/ops/activation.hpp"

/// What happens to a row of theta once its product with z is known, and its mirror in the backward
/// pass. A thread has 16 rows, row `begin + index(r)` in register r, of `span` rows that its block
/// shares; pointers are at row 0. `run` is the block's place in the scales.
namespace mapnet::cuda {

struct Rows {
  std::size_t offset;  ///< of row 0 in theta: where the scales count from
  std::size_t count;   ///< rows there are; those beyond do not exist
  RowScales scales;
  Activation activation;
  float omega;

  __device__ unsigned left(std::size_t begin, unsigned span) const {
    if (begin >= count) return 0;
    return count - begin < span ? static_cast<unsigned>(count - begin) : span;
  }

  /// x_r *= scale_j of row begin + index(r), for those below `left`.
  template <class Index>
  __device__ void multiply_scales(float (&x)[16], std::size_t begin, unsigned left,
                                  const Index& index, ScaleRun& run) const {
    const std::size_t j = offset + begin;
    if (run.advance(scales, j, j + left)) {
#pragma unroll
      for (int r = 0; r < 16; ++r) x[r] *= run.scale;
    } else {
#pragma unroll
      for (int r = 0; r < 16; ++r)
        if (index(r) < left) x[r] *= scales.at(j + index(r));
    }
  }
};

/// theta_j = scale_j * sigma(u_j + shift) + base_j. Branches stand outside of the unrolled loops,
/// and a pack whose rows have one scale, as most do, looks it up once.
struct RowEpilogue {
  Rows rows;
  float* theta;
  float* kept_u;       ///< receives u_j + shift; or null
  const float* base;   ///< or null
  const float* shift;  ///< or null
  bool raw;            ///< theta_j = u_j, nothing else

  /// Of the rows from `begin` on.
  RowEpilogue from(std::size_t begin) const {
    RowEpilogue later = *this;
    later.rows.offset += begin;
    later.rows.count -= begin;
    later.theta += begin;
    if (kept_u) later.kept_u += begin;
    if (base) later.base += begin;
    return later;
  }

  template <class Index>
  __device__ void store(float (&u)[16], std::size_t begin, unsigned span, const Index& index,
                        ScaleRun& run) const {
    const unsigned left = rows.left(begin, span);
    if (left == 0) return;
    if (!raw) {
      const float add = shift ? *shift : 0.0f;
#pragma unroll
      for (int r = 0; r < 16; ++r) u[r] += add;
      if (kept_u) put(kept_u + begin, u, left, span, index);
      activate_all(u);
      rows.multiply_scales(u, begin, left, index, run);
      if (base)
#pragma unroll
        for (int r = 0; r < 16; ++r)
          if (index(r) < left) u[r] += base[begin + index(r)];
    }
    put(theta + begin, u, left, span, index);
  }

  /// One row, whatever its neighbours.
  __device__ void store(std::size_t row, float u) const {
    const float x = u + (shift ? *shift : 0.0f);
    if (kept_u) kept_u[row] = x;
    const float weight =
        rows.scales.at(rows.offset + row) * activate(rows.activation, rows.omega, x);
    theta[row] = base ? weight + base[row] : weight;
  }

 private:
  template <class Index>
  __device__ static void put(float* to, const float (&x)[16], unsigned left, unsigned span,
                             const Index& index) {
    if (left == span) {
#pragma unroll
      for (int r = 0; r < 16; ++r) to[index(r)] = x[r];
    } else {
#pragma unroll
      for (int r = 0; r < 16; ++r)
        if (index(r) < left) to[index(r)] = x[r];
    }
  }

  /// Rows that do not exist have a u too.
  __device__ void activate_all(float (&u)[16]) const {
    if (rows.activation == Activation::tanh)
#pragma unroll
      for (int r = 0; r < 16; ++r) u[r] = activate(Activation::tanh, 0, u[r]);
    else if (rows.activation == Activation::sine)
#pragma unroll
      for (int r = 0; r < 16; ++r) u[r] = activate(Activation::sine, rows.omega, u[r]);
  }
};

/// g_j = dtheta_j * scale_j * sigma'(u_j); zero for rows that do not exist.
struct RowGradient {
  Rows rows;
  const float* dtheta;
  const float* u;  ///< null for the identity

  /// Of the rows from `begin` on.
  RowGradient from(std::size_t begin) const {
    RowGradient later = *this;
    later.rows.offset += begin;
    later.rows.count -= begin;
    later.dtheta += begin;
    if (u) later.u += begin;
    return later;
  }

  template <class Index>
  __device__ void load(float (&g)[16], std::size_t begin, unsigned span, const Index& index,
                       ScaleRun& run) const {
    const unsigned left = rows.left(begin, span);
#pragma unroll
    for (int r = 0; r < 16; ++r) g[r] = index(r) < left ? dtheta[begin + index(r)] : 0.0f;
    if (left == 0) return;
    rows.multiply_scales(g, begin, left, index, run);
    if (!u) return;
    if (rows.activation == Activation::tanh)
      multiply_slope<Activation::tanh>(g, begin, left, index);
    else if (rows.activation == Activation::sine)
      multiply_slope<Activation::sine>(g, begin, left, index);
  }

  /// One row, whatever its neighbours.
  __device__ float load(std::size_t row) const {
    const float g = dtheta[row] * rows.scales.at(rows.offset + row);
    return u ? g * activation_slope(rows.activation, rows.omega, u[row]) : g;
  }

 private:
  template <Activation kActivation, class Index>
  __device__ __forceinline__ void multiply_slope(float (&g)[16], std::size_t begin, unsigned left,
                                                 const Index& index) const {
#pragma unroll
    for (int half = 0; half < 16; half += 8) {
      float x[8];  // that many loads in flight
#pragma unroll
      for (int r = 0; r < 8; ++r) x[r] = index(half + r) < left ? u[begin + index(half + r)] : 0.0f;
#pragma unroll
      for (int r = 0; r < 8; ++r) g[half + r] *= activation_slope(kActivation, rows.omega, x[r]);
    }
  }
};

/// Values of a buffer as they are: the same interface without rows.
struct PlainRows {
  float* values;

  template <class Index>
  __device__ void load(float (&v)[16], std::size_t begin, unsigned, const Index& index,
                       ScaleRun&) const {
#pragma unroll
    for (int r = 0; r < 16; ++r) v[r] = values[begin + index(r)];
  }
  template <class Index>
  __device__ void store(const float (&v)[16], std::size_t begin, unsigned, const Index& index,
                        ScaleRun&) const {
#pragma unroll
    for (int r = 0; r < 16; ++r) values[begin + index(r)] = v[r];
  }
};

}  // namespace mapnet::cuda
