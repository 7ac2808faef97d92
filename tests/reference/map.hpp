#pragma once

#include <cmath>

#include "reference/vector.hpp"

namespace mapnet::reference {

enum class Modulation { none, scalar, signed_ };
enum class Activation { identity, tanh, sine };

/// z [d] -> theta [P], theta_j = scale_j * sigma(u_j) + base_j, from materialised maps W, S [P,d]:
///   none    u = W z
///   scalar  u = W z + alpha ||z||^2      eq. 20 as written: w_ij <- w_ij + alpha z_i for every j
///   signed  u = W z + alpha S (z*z)      Theorem 2, M(z) = B z: w_ij <- w_ij + alpha s_ij z_i
/// With a modulator v of its own, as table 7's LV + WMAP has it, v_i stands for z_i in both.
struct Map {
  std::size_t params, latents;  // P, d
  Vector W;                     // [P,d]
  Vector S;                     // [P,d], read by signed only
  Vector scale, base;           // [P]
  Modulation modulation = Modulation::none;
  Activation activation = Activation::identity;
  double alpha = 0;
  double omega = 1;  // sine: sigma(u) = sin(omega u)
  Vector v = {};     // [d], or empty: z modulates
};

/// W as z finds it, each weight modulated one by one as the paper writes it: no shortcut to get
/// wrong.
inline double modulated_weight(const Map& map, View z, std::size_t j, std::size_t i) {
  const double w = map.W[j * map.latents + i];
  const double factor = map.v.empty() ? z[i] : map.v[i];
  switch (map.modulation) {
    case Modulation::none:
      return w;
    case Modulation::scalar:
      return w + map.alpha * factor;
    case Modulation::signed_:
      return w + map.alpha * map.S[j * map.latents + i] * factor;
  }
  throw std::invalid_argument("map: modulation");
}

/// du_j / dz_i. Where z modulates, that part of u is quadratic in z_i, whence the 2.
inline double du_dz(const Map& map, View z, std::size_t j, std::size_t i) {
  const double w = map.W[j * map.latents + i];
  return w + (map.v.empty() ? 2 : 1) * (modulated_weight(map, z, j, i) - w);
}

/// du_j / dv_i.
inline double du_dv(const Map& map, View z, std::size_t j, std::size_t i) {
  if (map.modulation == Modulation::none) return 0;
  const double s = map.modulation == Modulation::scalar ? 1 : map.S[j * map.latents + i];
  return map.alpha * s * z[i];
}

inline double sigma(const Map& map, double u) {
  switch (map.activation) {
    case Activation::identity:
      return u;
    case Activation::tanh:
      return std::tanh(u);
    case Activation::sine:
      return std::sin(map.omega * u);
  }
  throw std::invalid_argument("map: activation");
}

inline double dsigma(const Map& map, double u) {
  switch (map.activation) {
    case Activation::identity:
      return 1;
    case Activation::tanh:
      return 1 - std::tanh(u) * std::tanh(u);
    case Activation::sine:
      return map.omega * std::cos(map.omega * u);
  }
  throw std::invalid_argument("map: activation");
}

/// u [P], before the activation.
inline Vector map_preactivation(const Map& map, View z) {
  const std::size_t cells = map.params * map.latents;
  require_size(z.size(), map.latents, "map z");
  require_size(map.W.size(), cells, "map W");
  if (map.modulation == Modulation::signed_) require_size(map.S.size(), cells, "map S");
  if (!map.v.empty()) require_size(map.v.size(), map.latents, "map v");
  Vector u(map.params);
  for (std::size_t j = 0; j < map.params; ++j)
    for (std::size_t i = 0; i < map.latents; ++i) u[j] += modulated_weight(map, z, j, i) * z[i];
  return u;
}

/// theta [P].
inline Vector map_forward(const Map& map, View z) {
  require_size(map.scale.size(), map.params, "map scale");
  require_size(map.base.size(), map.params, "map base");
  Vector theta = map_preactivation(map, z);
  for (std::size_t j = 0; j < map.params; ++j)
    theta[j] = map.scale[j] * sigma(map, theta[j]) + map.base[j];
  return theta;
}

/// dtheta [P] -> dz [d], or with a modulator of its own (dz | dv) [2 d].
inline Vector map_backward(const Map& map, View dtheta, View z) {
  require_size(dtheta.size(), map.params, "map dtheta");
  require_size(map.scale.size(), map.params, "map scale");
  const Vector u = map_preactivation(map, z);
  Vector dz(map.latents + map.v.size());
  for (std::size_t j = 0; j < map.params; ++j) {
    const double du = dtheta[j] * map.scale[j] * dsigma(map, u[j]);
    for (std::size_t i = 0; i < map.latents; ++i) dz[i] += du * du_dz(map, z, j, i);
    for (std::size_t i = 0; i < map.v.size(); ++i) dz[map.latents + i] += du * du_dv(map, z, j, i);
  }
  return dz;
}

}  // namespace mapnet::reference
