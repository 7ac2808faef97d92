#pragma once

#include <string>

#include "device/host_device.hpp"
#include "device/ops/map.hpp"

/// The smoothness term (eq. 29): || d theta / d z ||_F^2, in closed form.
///
/// Row j of the Jacobian is scale_j sigma'(u_j) du_j/dz, so that the term is
/// sum_j (scale_j sigma'(u_j))^2 rho_j with rho_j = || du_j/dz ||^2:
///   none    || w_j ||^2
///   scalar  || w_j + 2 alpha z ||^2 = || w_j ||^2 + 4 alpha u_j
///   signed  || w_j + 2 alpha s_j * z ||^2, see row_factors.hpp
/// w_j a row of sqrt(P / d) W. (For `scalar` the squares of z cancel against those within u.)
namespace mapnet {

/// One row's share. Its gradient in u_j is scale_j sigma'(u_j) * dtheta, so that it reaches z with
/// the task's by being added to d loss / d theta_j.
struct SmoothRow {
  float value;   ///< (scale sigma')^2 rho
  float dtheta;  ///< 2 scale sigma'' rho + scale sigma' d rho / d u
  float weight;  ///< d value / d rho
};

/// `four_alpha`: 4 alpha for scalar modulation, where rho = row_norm + 4 alpha u, else 0.
MAPNET_HOST_DEVICE inline SmoothRow smooth_row(Activation activation, float omega, float scale,
                                               float u, float row_norm, float four_alpha) {
  const float slope = activation_slope(activation, omega, u);
  const float curvature = activation_curvature(activation, omega, u);
  const float rho = row_norm + four_alpha * u;
  const float weight = (scale * slope) * (scale * slope);
  return {weight * rho, scale * (2.0f * curvature * rho + four_alpha * slope), weight};
}

/// Adds the setup steps of || w_j ||^2 [P]. kNoBuffer where all are 1, as those of a Hadamard map
/// whose latents are a power of two of at least 16. Throws Error for a map that is given.
BufferId map_row_norms(Schedule& schedule, const MapDesc& desc, const MapState& state);

struct SmoothnessBuffers {
  BufferId row_norms = kNoBuffer;  ///< [P], or all 1; with signed modulation all of rho
  BufferId dtheta = kNoBuffer;     ///< [P]: lambda times the gradient is added to it
  BufferId weight = kNoBuffer;     ///< [P]: lambda d value / d rho_j, or not wanted
  BufferId loss = kNoBuffer;       ///< MappingLossState: the value is added to it
};

/// Adds the step of the term. state.u where the activation or a scalar modulation needs it.
void smoothness(Schedule& schedule, const std::string& name, const MapDesc& desc,
                const MapState& state, const SmoothnessBuffers& buffers);

}  // namespace mapnet
