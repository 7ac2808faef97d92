#pragma once

#include "reference/vector.hpp"

namespace mapnet::reference {

/// Global average pooling: x [planes,pixels] -> y [planes], the means.
inline Vector global_avg_pool_forward(View x, std::size_t planes) {
  require_size(x.size() % planes, 0, "global_avg_pool: x left over by whole planes");
  const std::size_t pixels = x.size() / planes;
  Vector y(planes);
  for (std::size_t i = 0; i < x.size(); ++i) y[i / pixels] += x[i];
  for (double& v : y) v /= static_cast<double>(pixels);
  return y;
}

/// dy [planes] -> dx [planes,pixels].
inline Vector global_avg_pool_backward(View dy, std::size_t pixels) {
  Vector dx;
  for (const double v : dy) dx.insert(dx.end(), pixels, v / static_cast<double>(pixels));
  return dx;
}

}  // namespace mapnet::reference
