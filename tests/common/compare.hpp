#pragma once

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <string>

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

}  // namespace mapnet::test
