#include "harness/trajectory/principal_components.hpp"

#include <algorithm>
#include <cmath>

#include "algebra/symmetric_eigen.hpp"

namespace mapnet {

namespace {

/// The products of the points less their mean.
SquareMatrix centred(SquareMatrix gram) {
  const auto n = static_cast<double>(gram.n);
  std::vector<double> means(gram.n);
  double mean = 0;
  for (std::size_t i = 0; i < gram.n; ++i) {
    for (const double v : gram.row(i)) means[i] += v / n;
    mean += means[i] / n;
  }
  for (std::size_t i = 0; i < gram.n; ++i)
    for (std::size_t j = 0; j < gram.n; ++j) gram(i, j) += mean - means[i] - means[j];
  return gram;
}

/// With its largest entry positive.
std::vector<double> signed_alike(std::span<const double> vector, double length) {
  const auto largest = std::ranges::max_element(
      vector, [](double a, double b) { return std::abs(a) < std::abs(b); });
  if (*largest < 0) length = -length;
  std::vector<double> result;
  for (const double v : vector) result.push_back(v * length);
  return result;
}

}  // namespace

PrincipalComponents principal_components(const SquareMatrix& gram, std::size_t kept) {
  double size = 0;  // what rounding is in proportion to
  for (std::size_t i = 0; i < gram.n; ++i) size += gram(i, i);
  const Eigen eigen = symmetric_eigen(centred(gram));
  PrincipalComponents result;
  double total = 0;
  for (double v : eigen.values) {
    // Without rounding none would be negative, and of n points at least one is 0.
    if (v < 1e-13 * size) v = 0;
    result.shares.push_back(v);
    total += v;
  }
  for (std::size_t i = 0; i < std::min(kept, gram.n); ++i)
    result.coordinates.push_back(
        signed_alike(eigen.vectors.row(i), std::sqrt(std::max(0.0, result.shares[i]))));
  for (double& share : result.shares) share = total > 0 ? share / total : 0;
  return result;
}

SquareMatrix squared_distances(const SquareMatrix& gram) {
  SquareMatrix distances(gram.n);
  for (std::size_t i = 0; i < gram.n; ++i)
    for (std::size_t j = 0; j < gram.n; ++j)
      distances(i, j) = std::max(0.0, gram(i, i) + gram(j, j) - 2 * gram(i, j));
  return distances;
}

SquareMatrix random_walk_gram(std::size_t n) {
  SquareMatrix gram(n);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j) gram(i, j) = static_cast<double>(std::min(i, j));
  return gram;
}

}  // namespace mapnet
