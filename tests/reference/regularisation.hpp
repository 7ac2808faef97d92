#pragma once

#include <cmath>

#include "reference/vector.hpp"

namespace mapnet::reference {

/// weight / 2 ||theta||^2
inline double l2_loss(View theta, double weight) { return weight / 2 * dot(theta, theta); }

/// Its gradient.
inline Vector l2_gradient(View theta, double weight) {
  Vector dtheta(theta.begin(), theta.end());
  for (double& d : dtheta) d *= weight;
  return dtheta;
}

/// The mean of values[0], values[1], ... with the newest weighted by 1 and each older one by
/// `decay` times the weight of the next: the debiased exponential moving average, from its
/// definition.
inline Vector exponential_average(const std::vector<Vector>& values, double decay) {
  Vector sum(values.at(0).size());
  double weights = 0;
  for (std::size_t t = 0; t < values.size(); ++t) {
    require_size(values[t].size(), sum.size(), "exponential_average");
    const double weight = std::pow(decay, static_cast<double>(values.size() - 1 - t));
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += weight * values[t][i];
    weights += weight;
  }
  for (double& s : sum) s /= weights;
  return sum;
}

}  // namespace mapnet::reference
