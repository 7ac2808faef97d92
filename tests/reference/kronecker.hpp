#pragma once

#include <cmath>

#include "reference/vector.hpp"

namespace mapnet::reference {

/// A matrix that a Kronecker map generates.
struct Kronecker {
  std::size_t rows, cols, left, right;
  Vector U, V;  // [rows, left], [cols, right]
};

/// u [rows, cols] = sqrt(rows cols / d) U Z V^T; Z [left, right] is z [d] row by row, then zeros.
inline Vector kronecker(const Kronecker& k, View z) {
  require_size(k.U.size(), k.rows * k.left, "kronecker U");
  require_size(k.V.size(), k.cols * k.right, "kronecker V");
  Vector u(k.rows * k.cols);
  const double scale = std::sqrt(double(k.rows * k.cols) / double(z.size()));
  for (std::size_t i = 0; i < z.size(); ++i) {
    const std::size_t a = i / k.right, b = i % k.right;
    for (std::size_t r = 0; r < k.rows; ++r)
      for (std::size_t c = 0; c < k.cols; ++c)
        u[r * k.cols + c] += scale * k.U[r * k.left + a] * z[i] * k.V[c * k.right + b];
  }
  return u;
}

}  // namespace mapnet::reference
