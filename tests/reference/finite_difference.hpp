#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "reference/vector.hpp"

namespace mapnet::reference {

/// What a correct double-precision gradient of an O(1) function stays below. A central difference
/// with step h errs by h^2 f'''/6 from truncation and by about eps |f| / h from rounding; h =
/// cbrt(eps) = 6e-6 balances the two at 4e-11 |f|. Gradients here are some 1e-2 to 10 where |f| is
/// 1 to 10, which leaves 4e-8 in the worst case and a factor of 25 to spare. A wrong formula errs
/// by 1e-3 or more.
inline constexpr double gradient_tolerance = 1e-6;

/// Every coordinate of an n-vector, or `n_chosen` different ones drawn by the seed.
inline std::vector<std::size_t> coordinates(std::size_t n) {
  std::vector<std::size_t> all(n);
  std::iota(all.begin(), all.end(), std::size_t{0});
  return all;
}
inline std::vector<std::size_t> coordinates(std::size_t n, std::size_t n_chosen,
                                            std::uint64_t seed) {
  std::vector<std::size_t> chosen = coordinates(n);
  std::mt19937_64 bits(seed);
  n_chosen = std::min(n, n_chosen);
  for (std::size_t i = 0; i < n_chosen; ++i) std::swap(chosen[i], chosen[i + bits() % (n - i)]);
  chosen.resize(n_chosen);
  return chosen;
}

/// The worst relative error of `gradient`, claimed to be that of the scalar function f at x,
/// against central differences along the coordinates given. An entry far below the largest is
/// measured against a hundredth of the largest: relative to itself it would only show the
/// difference's rounding. NaN and infinity anywhere give infinity.
template <class Function>
double gradient_error(Function f, Vector x, View gradient, const std::vector<std::size_t>& along) {
  require_size(gradient.size(), x.size(), "gradient");
  double largest = 0;
  for (const double g : gradient) largest = std::max(largest, std::abs(g));
  double worst = 0;
  for (const std::size_t i : along) {
    const double at = x[i];
    const double h =
        std::cbrt(std::numeric_limits<double>::epsilon()) * std::max(1.0, std::abs(at));
    x[i] = at + h;
    const double above = f(x), x_above = x[i];
    x[i] = at - h;
    const double below = f(x), x_below = x[i];
    x[i] = at;
    // Divide by the step as rounded, not by 2h.
    const double difference = (above - below) / (x_above - x_below);
    const double size = std::max({std::abs(gradient[i]), std::abs(difference), 1e-2 * largest});
    const double error = difference == gradient[i] ? 0 : std::abs(difference - gradient[i]) / size;
    if (!std::isfinite(error)) return std::numeric_limits<double>::infinity();
    worst = std::max(worst, error);
  }
  return worst;
}

template <class Function>
double gradient_error(Function f, const Vector& x, View gradient) {
  return gradient_error(f, x, gradient, coordinates(x.size()));
}

}  // namespace mapnet::reference
