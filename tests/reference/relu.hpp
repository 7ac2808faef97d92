#pragma once

#include "reference/vector.hpp"

namespace mapnet::reference {

inline Vector relu_forward(View x) {
  Vector y(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) y[i] = x[i] > 0 ? x[i] : 0;
  return y;
}

/// At exactly 0 the gradient is 0, as in PyTorch.
inline Vector relu_backward(View dy, View x) {
  require_size(dy.size(), x.size(), "relu dy");
  Vector dx(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) dx[i] = x[i] > 0 ? dy[i] : 0;
  return dx;
}

}  // namespace mapnet::reference
