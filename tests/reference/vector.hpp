#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

/// The reference: every op, the nets and the mapping once more in double precision, written to be
/// obviously correct rather than fast. Plain loops, row-major, images as [N,C,H,W]; nothing of
/// src/. Its own backward passes are checked by finite differences, and the fast twins against it.
namespace mapnet::reference {

using Vector = std::vector<double>;
using View = std::span<const double>;
using Labels = std::span<const std::uint8_t>;

/// A reference must not read past an end: each op checks its inputs' sizes before its loops.
inline void require_size(std::size_t got, std::size_t want, const char* what) {
  if (got != want)
    throw std::invalid_argument(std::string(what) + ": " + std::to_string(got) +
                                " values, expected " + std::to_string(want));
}

/// n values uniform in [low, high): the same on every machine, which the standard's distributions
/// do not promise.
inline Vector uniform(std::size_t n, std::uint64_t seed, double low = -1, double high = 1) {
  std::mt19937_64 bits(seed);
  Vector values(n);
  for (double& v : values) v = low + (high - low) * (static_cast<double>(bits() >> 11) * 0x1p-53);
  return values;
}

inline double dot(View a, View b) {
  require_size(a.size(), b.size(), "dot");
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

}  // namespace mapnet::reference
