#pragma once

#include "reference/vector.hpp"

namespace mapnet::reference {

struct Mse {
  double loss;  // mean over the real rows and the columns
  Vector dy;    // [N,K], zero in the padding rows
};

/// Mean squared error of y [N,K] against targets [N,K]; only the first `count` rows are real, and
/// nothing of the others is read.
inline Mse mse(View y, View targets, std::size_t columns, std::size_t count) {
  require_size(y.size() % columns, 0, "mse: values left over by whole rows");
  require_size(targets.size(), y.size(), "mse targets");
  if (count == 0 || count > y.size() / columns)
    throw std::invalid_argument("mse: count must be 1 to N");
  const double scored = static_cast<double>(count * columns);
  Mse result{0, Vector(y.size())};
  for (std::size_t i = 0; i < count * columns; ++i) {
    const double error = y[i] - targets[i];
    result.loss += error * error / scored;
    result.dy[i] = 2 * error / scored;
  }
  return result;
}

}  // namespace mapnet::reference
