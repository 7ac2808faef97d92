#pragma once

#include "reference/vector.hpp"

namespace mapnet::reference {

/// x [planes,area] -> y [planes], the mean of each plane; planes = N*C, area = H*W.
struct GlobalAvgPool {
  std::size_t planes, area;
};

inline Vector global_avg_pool_forward(View x, const GlobalAvgPool& s) {
  require_size(x.size(), s.planes * s.area, "global_avg_pool x");
  Vector y(s.planes);
  for (std::size_t i = 0; i < x.size(); ++i) y[i / s.area] += x[i] / static_cast<double>(s.area);
  return y;
}

inline Vector global_avg_pool_backward(View dy, const GlobalAvgPool& s) {
  require_size(dy.size(), s.planes, "global_avg_pool dy");
  Vector dx(s.planes * s.area);
  for (std::size_t i = 0; i < dx.size(); ++i) dx[i] = dy[i / s.area] / static_cast<double>(s.area);
  return dx;
}

}  // namespace mapnet::reference
