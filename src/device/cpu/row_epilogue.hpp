#pragma once

#include <cstddef>

#include "device/ops/map.hpp"

/// What happens to a row once its product with z is known, and its mirror in the backward pass.
namespace mapnet::cpu {

/// theta_j = scale * sigma(u_j + shift) + base_j for n rows of one scale. base and kept_u may be
/// null; kept_u receives u_j + shift.
void activate_rows(float* theta, float* kept_u, const float* u, const float* base, std::size_t n,
                   float scale, float shift, Activation activation, float omega);

/// g_j = dtheta_j * scale * sigma'(u_j). u may be null for the identity.
void activation_gradient_rows(float* g, const float* dtheta, const float* u, std::size_t n,
                              float scale, Activation activation, float omega);

/// Calls f(begin, n, scale) for each run of equal scale within rows [begin, end) of theta.
template <class F>
void for_each_scale(const std::vector<RowScale>& scales, std::size_t begin, std::size_t end,
                    const F& f) {
  for (const RowScale& s : scales) {
    const std::size_t from = s.offset < begin ? begin : s.offset;
    const std::size_t to = s.offset + s.rows < end ? s.offset + s.rows : end;
    if (from < to) f(from, to - from, s.scale);
  }
}

}  // namespace mapnet::cpu
