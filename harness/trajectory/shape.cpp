#include "harness/trajectory/shape.hpp"

#include <algorithm>
#include <cmath>

#include "harness/trajectory/principal_components.hpp"

namespace mapnet {

namespace {

constexpr std::size_t kClose = 10;

/// The products of `count` points in a row.
SquareMatrix part(const SquareMatrix& gram, std::size_t first, std::size_t count) {
  SquareMatrix result(count);
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t j = 0; j < count; ++j) result(i, j) = gram(first + i, first + j);
  return result;
}

}  // namespace

TrajectoryShape shape_of(const SquareMatrix& gram) {
  TrajectoryShape shape;
  shape.shares = principal_components(gram, 0).shares;
  double sum = 0;
  while (sum < 0.99 && shape.components_99 < gram.n) sum += shape.shares[shape.components_99++];

  const SquareMatrix distances = squared_distances(gram);
  double way = 0;
  for (std::size_t i = 1; i < gram.n; ++i) way += std::sqrt(distances(i - 1, i));
  if (way > 0) shape.straightness = std::sqrt(distances(0, gram.n - 1)) / way;

  const std::size_t close = std::min(kClose, gram.n), rows = gram.n - close + 1;
  for (std::size_t i = 0; i < rows; ++i)
    shape.local_linearity +=
        principal_components(part(gram, i, close), 0).shares[0] / static_cast<double>(rows);
  return shape;
}

}  // namespace mapnet
