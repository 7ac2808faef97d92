#pragma once

#include "algebra/square_matrix.hpp"

/// Principal components of n points that are known by their products alone: x_i . x_j. There may be
/// far more coordinates than points.
namespace mapnet {

struct PrincipalComponents {
  /// Of each component its share of the points' variance, the largest first; together 1, or all 0
  /// where the points are the same.
  std::vector<double> shares;
  /// [components kept][n]: the points' coordinates along the first of them, their mean at 0. A
  /// component's sign is such that its largest coordinate is positive.
  std::vector<std::vector<double>> coordinates;
};

/// `gram`: x_i . x_j, from any origin.
PrincipalComponents principal_components(const SquareMatrix& gram, std::size_t kept);

/// |x_i - x_j|^2
SquareMatrix squared_distances(const SquareMatrix& gram);

/// Of points that follow one another in steps of equal length, each at right angles to all others:
/// a random walk in a space of very many dimensions, which has large first components, too.
SquareMatrix random_walk_gram(std::size_t n);

}  // namespace mapnet
