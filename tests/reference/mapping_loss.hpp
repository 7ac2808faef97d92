#pragma once

#include "reference/map.hpp"

/// The terms of the mapping loss beside the task's (eq. 28-30), from materialised maps and a
/// materialised Jacobian: no closed form to get wrong. Each with its gradient.
namespace mapnet::reference {

struct Term {
  double value = 0;
  Vector gradient;
};

/// d^2 sigma / d u^2.
inline double ddsigma(const Map& map, double u) {
  switch (map.activation) {
    case Activation::identity:
      return 0;
    case Activation::tanh:
      return -2 * std::tanh(u) * (1 - std::tanh(u) * std::tanh(u));
    case Activation::sine:
      return -map.omega * map.omega * std::sin(map.omega * u);
  }
  throw std::invalid_argument("map: activation");
}

/// d^2 u_j / d z_i^2; mixed derivatives vanish.
inline double ddu_ddz(const Map& map, std::size_t j, std::size_t i) {
  switch (map.modulation) {
    case Modulation::none:
      return 0;
    case Modulation::scalar:
      return 2 * map.alpha;
    case Modulation::signed_:
      return 2 * map.alpha * map.S[j * map.latents + i];
  }
  throw std::invalid_argument("map: modulation");
}

/// || J v ||^2, J = d theta / d z [P, d], v fixed; its gradient in z.
inline Term jacobian_product(const Map& map, View z, View v) {
  const Vector u = map_preactivation(map, z);
  Term term{0, Vector(map.latents)};
  for (std::size_t j = 0; j < map.params; ++j) {
    const double slope = map.scale[j] * dsigma(map, u[j]);
    const double curvature = map.scale[j] * ddsigma(map, u[j]);
    double t = 0;
    for (std::size_t i = 0; i < map.latents; ++i) t += du_dz(map, z, j, i) * v[i];
    term.value += slope * t * slope * t;
    for (std::size_t k = 0; k < map.latents; ++k)
      term.gradient[k] +=
          2 * slope * t * (curvature * du_dz(map, z, j, k) * t + slope * ddu_ddz(map, j, k) * v[k]);
  }
  return term;
}

/// || J ||_F^2: the sum over the columns of J.
inline Term smoothness(const Map& map, View z) {
  Term sum{0, Vector(map.latents)};
  for (std::size_t i = 0; i < map.latents; ++i) {
    Vector unit(map.latents);
    unit[i] = 1;
    const Term column = jacobian_product(map, z, unit);
    sum.value += column.value;
    for (std::size_t k = 0; k < map.latents; ++k) sum.gradient[k] += column.gradient[k];
  }
  return sum;
}

/// 1 - cos(z, wbar(z)), wbar the mean of the modulated weights' rows.
inline Term alignment(const Map& map, View z) {
  const std::size_t d = map.latents;
  Vector mean(d), slope(d);
  for (std::size_t j = 0; j < map.params; ++j)
    for (std::size_t i = 0; i < d; ++i) {
      mean[i] += modulated_weight(map, z, j, i) / double(map.params);
      slope[i] += ddu_ddz(map, j, i) / 2 / double(map.params);
    }
  const double zz = dot(z, z), ww = dot(mean, mean), zw = dot(z, mean);
  const double norms = std::sqrt(zz * ww), cosine = zw / norms;
  Term term{1 - cosine, Vector(d)};
  for (std::size_t k = 0; k < d; ++k)
    term.gradient[k] =
        -(mean[k] / norms - cosine * z[k] / zz + slope[k] * (z[k] / norms - cosine * mean[k] / ww));
  return term;
}

struct Stability {
  double value = 0;
  Vector dlogits, dperturbed;
};

/// Mean over the first `count` rows, and the pixels of each, of || perturbed - logits ||^2; logits
/// [N, K, pixels], perturbed [n, K, pixels].
inline Stability stability(View logits, View perturbed, std::size_t classes, std::size_t pixels,
                           std::size_t count) {
  const std::size_t values = classes * pixels;
  const std::size_t rows = std::min(count, perturbed.size() / values);
  const double means = double(rows * pixels);
  Stability s{0, Vector(logits.size()), Vector(perturbed.size())};
  for (std::size_t i = 0; i < rows * values; ++i) {
    const double difference = perturbed[i] - logits[i];
    s.value += difference * difference / means;
    s.dperturbed[i] = 2 * difference / means;
    s.dlogits[i] = -s.dperturbed[i];
  }
  return s;
}

}  // namespace mapnet::reference
