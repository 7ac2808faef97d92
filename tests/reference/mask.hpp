#pragma once

#include <vector>

#include "reference/vector.hpp"

namespace mapnet::reference {

/// y_j = x_j where kept, else 0: diagonal, so that its adjoint is the same.
inline Vector mask(View x, const std::vector<bool>& kept) {
  require_size(x.size(), kept.size(), "mask");
  Vector y(x.size());
  for (std::size_t j = 0; j < x.size(); ++j) y[j] = kept[j] ? x[j] : 0.0;
  return y;
}

}  // namespace mapnet::reference
