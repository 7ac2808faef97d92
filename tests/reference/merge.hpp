#pragma once

#include "reference/vector.hpp"

namespace mapnet::reference {

inline Vector add(View a, View b) {
  require_size(a.size(), b.size(), "add");
  Vector y(a.begin(), a.end());
  for (std::size_t i = 0; i < y.size(); ++i) y[i] += b[i];
  return y;
}

/// Parts [N, features[i]] behind one another: [N, sum of features].
inline Vector concat(const std::vector<Vector>& parts, const std::vector<std::size_t>& features,
                     std::size_t n) {
  Vector y;
  for (std::size_t image = 0; image < n; ++image)
    for (std::size_t i = 0; i < parts.size(); ++i) {
      require_size(parts[i].size(), n * features[i], "concat");
      const auto from = parts[i].begin() + static_cast<std::ptrdiff_t>(image * features[i]);
      y.insert(y.end(), from, from + static_cast<std::ptrdiff_t>(features[i]));
    }
  return y;
}

/// The parts again: of a gradient, those of the parts.
inline std::vector<Vector> split(View y, const std::vector<std::size_t>& features, std::size_t n) {
  std::vector<Vector> parts(features.size());
  std::size_t at = 0;
  for (std::size_t image = 0; image < n; ++image)
    for (std::size_t i = 0; i < parts.size(); ++i)
      for (std::size_t k = 0; k < features[i]; ++k) parts[i].push_back(y[at++]);
  require_size(at, y.size(), "split");
  return parts;
}

}  // namespace mapnet::reference
