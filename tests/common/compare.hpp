#pragma once

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

namespace mapnet::test {

/// The one comparer of all numeric tests. Every element must be finite and satisfy
/// |got - want| <= atol + rtol * |want|; the worst offender is printed. `got` and `want` are ranges
/// of any floating-point type. The negated test makes NaN fail.
template <class Got, class Want>
void check_close(const Got& got, const Want& want, double atol, double rtol,
                 const std::string& what) {
  BOOST_REQUIRE_MESSAGE(std::size(got) == std::size(want),
                        what << ": " << std::size(got) << " values, expected " << std::size(want));
  std::size_t bad = 0, worst = 0;
  double worst_excess = -1;
  for (std::size_t i = 0; i < std::size(got); ++i) {
    const double g = static_cast<double>(got[i]), w = static_cast<double>(want[i]);
    const double excess = std::abs(g - w) - (atol + rtol * std::abs(w));
    if (!(excess <= 0)) ++bad;
    if (!(excess <= worst_excess)) worst = i, worst_excess = excess;
  }
  if (bad == 0) return;
  BOOST_ERROR(what << ": " << bad << " of " << std::size(got) << " values off; worst at " << worst
                   << ": got " << got[worst] << ", expected " << want[worst] << " (atol " << atol
                   << ", rtol " << rtol << ")");
}

inline bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() &&
         (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0);
}

/// Length of a - b over that of b.
inline double apart(const std::vector<float>& a, const std::vector<float>& b) {
  BOOST_REQUIRE(a.size() == b.size());
  double off = 0, size = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double x = static_cast<double>(a[i]), y = static_cast<double>(b[i]);
    off += (x - y) * (x - y);
    size += y * y;
  }
  return std::sqrt(off / size);
}

}  // namespace mapnet::test
