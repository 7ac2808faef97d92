#pragma once

#include <cmath>

#include "reference/vector.hpp"

namespace mapnet::reference {

/// Batch normalisation of images [N,C,area], as torch.nn.BatchNorm2d defines it, whose statistics
/// are of the first `count` images.
struct BatchNorm {
  std::size_t n, c, area, count;
  double epsilon = 1e-5;
  bool relu = false;

  std::size_t size() const { return n * c * area; }
  std::size_t at(std::size_t image, std::size_t channel, std::size_t pixel) const {
    return (image * c + channel) * area + pixel;
  }
};

struct BatchNormStatistics {
  Vector mean, variance, unbiased;  // [C]
};

inline BatchNormStatistics batch_norm_statistics(View x, const BatchNorm& s) {
  require_size(x.size(), s.size(), "batch_norm x");
  const double values = static_cast<double>(s.count * s.area);
  BatchNormStatistics found{Vector(s.c), Vector(s.c), Vector(s.c)};
  for (std::size_t k = 0; k < s.c; ++k) {
    for (std::size_t i = 0; i < s.count; ++i)
      for (std::size_t p = 0; p < s.area; ++p) found.mean[k] += x[s.at(i, k, p)] / values;
    double squares = 0;
    for (std::size_t i = 0; i < s.count; ++i)
      for (std::size_t p = 0; p < s.area; ++p)
        squares += std::pow(x[s.at(i, k, p)] - found.mean[k], 2);
    found.variance[k] = squares / values;
    found.unbiased[k] = squares / (values - 1);
  }
  return found;
}

/// y of all images with a mean and a variance a channel.
inline Vector batch_norm_apply(View x, View gamma, View beta, View mean, View variance,
                               const BatchNorm& s) {
  Vector y(s.size());
  for (std::size_t i = 0; i < s.n; ++i)
    for (std::size_t k = 0; k < s.c; ++k)
      for (std::size_t p = 0; p < s.area; ++p) {
        const double value =
            gamma[k] * (x[s.at(i, k, p)] - mean[k]) / std::sqrt(variance[k] + s.epsilon) + beta[k];
        y[s.at(i, k, p)] = s.relu && value <= 0 ? 0 : value;
      }
  return y;
}

inline Vector batch_norm_forward(View x, View gamma, View beta, const BatchNorm& s) {
  const BatchNormStatistics found = batch_norm_statistics(x, s);
  return batch_norm_apply(x, gamma, beta, found.mean, found.variance, s);
}

struct BatchNormGradient {
  Vector dx, dgamma, dbeta;
};

/// dy of images beyond `count` is not read, and their dx is 0.
inline BatchNormGradient batch_norm_backward(View dy, View x, View gamma, View beta,
                                             const BatchNorm& s) {
  require_size(dy.size(), s.size(), "batch_norm dy");
  const BatchNormStatistics found = batch_norm_statistics(x, s);
  const Vector y = batch_norm_apply(x, gamma, beta, found.mean, found.variance, s);
  BatchNormGradient g{Vector(s.size()), Vector(s.c), Vector(s.c)};
  const double values = static_cast<double>(s.count * s.area);
  for (std::size_t k = 0; k < s.c; ++k) {
    const double inverse = 1 / std::sqrt(found.variance[k] + s.epsilon);
    const auto normal = [&](std::size_t at) { return (x[at] - found.mean[k]) * inverse; };
    const auto masked = [&](std::size_t at) { return s.relu && y[at] <= 0 ? 0 : dy[at]; };
    for (std::size_t i = 0; i < s.count; ++i)
      for (std::size_t p = 0; p < s.area; ++p) {
        g.dbeta[k] += masked(s.at(i, k, p));
        g.dgamma[k] += masked(s.at(i, k, p)) * normal(s.at(i, k, p));
      }
    for (std::size_t i = 0; i < s.count; ++i)
      for (std::size_t p = 0; p < s.area; ++p) {
        const std::size_t at = s.at(i, k, p);
        g.dx[at] = gamma[k] * inverse *
                   (masked(at) - g.dbeta[k] / values - normal(at) * g.dgamma[k] / values);
      }
  }
  return g;
}

}  // namespace mapnet::reference
