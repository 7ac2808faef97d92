#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace mapnet {

/// [n, n], row after row.
struct SquareMatrix {
  explicit SquareMatrix(std::size_t size) : n(size), values(size * size) {}

  double& operator()(std::size_t i, std::size_t j) { return values[i * n + j]; }
  double operator()(std::size_t i, std::size_t j) const { return values[i * n + j]; }
  std::span<const double> row(std::size_t i) const { return std::span(values).subspan(i * n, n); }

  std::size_t n;
  std::vector<double> values;
};

}  // namespace mapnet
