#pragma once

#include <cstdint>
#include <string>

#include "device/host_device.hpp"
#include "device/ops/map.hpp"

/// The smoothness term (eq. 29) of a stored map with signed modulation, estimated: its exact form
/// would need every entry of S, a transform a row.
///
/// || J ||_F^2 = E || J v ||^2 over signs v (Hutchinson), without bias; the variance is
/// 2 sum_(k != l) (J^T J)_kl^2, which is small here since J^T J is close to a multiple of the
/// identity. J v = scale sigma'(u) t, t = W v + 2 alpha S (z * v).
namespace mapnet {

/// Sign k of the n that step number `step` draws.
MAPNET_HOST_DEVICE inline float probe_sign(std::uint64_t seed, std::int64_t step, std::size_t n,
                                           std::size_t k) {
  const std::uint64_t first = static_cast<std::uint64_t>(step) * ((n + 127) / 128);
  const auto words = random_words(seed, Stream::jacobian_probe, first + k / 128);
  return (words[k % 128 / 32] >> (k % 32)) & 1u ? -1.0f : 1.0f;
}

/// One row's share. Its gradient in u_j is scale_j sigma'(u_j) * dtheta.
struct ProbeRow {
  float value, dtheta;
  float dt;  ///< d value / d t
};
MAPNET_HOST_DEVICE inline ProbeRow probe_row(Activation activation, float omega, float scale,
                                             float u, float t) {
  const float slope = scale * activation_slope(activation, omega, u);
  const float curvature = scale * activation_curvature(activation, omega, u);
  return {(slope * t) * (slope * t), 2.0f * curvature * (t * t), 2.0f * (slope * slope) * t};
}

/// Adds the step signs [n] = v, another each step; product [n] = z * v.
void probe_latents(Schedule& schedule, const std::string& name, BufferId z, BufferId signs,
                   BufferId product, std::size_t n, std::uint64_t seed, BufferId control);

/// Adds the step of the term: linear [P] = W v, modulated [P] = S (z * v). Adds the value to the
/// MappingLossState `loss`, lambda times the gradient of dtheta to dtheta [P], and sets `modulated`
/// to lambda times its own gradient.
void probe_rows(Schedule& schedule, const std::string& name, const MapDesc& desc,
                const MapState& state, BufferId linear, BufferId modulated, BufferId dtheta,
                BufferId loss);

/// Adds the step dz [n] += signs [n] * gradient [n].
void probe_latents_backward(Schedule& schedule, const std::string& name, BufferId signs,
                            BufferId gradient, BufferId dz, std::size_t n);

}  // namespace mapnet
