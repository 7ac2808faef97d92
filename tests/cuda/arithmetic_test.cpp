#include <boost/test/unit_test.hpp>
#include <cstring>

#include "cuda/arithmetic_cases.hpp"

using namespace mapnet::test;

BOOST_AUTO_TEST_CASE(shared_arithmetic_has_the_same_bits_on_a_device) {
  constexpr std::size_t cases = 100000;
  const std::vector<float> device = arithmetic_on_device(cases);
  float cpu[kResultsPerCase];
  std::size_t different[kResultsPerCase] = {};
  for (std::size_t i = 0; i < cases; ++i) {
    arithmetic_case(i, cpu);
    for (std::size_t k = 0; k < kResultsPerCase; ++k)
      different[k] += std::memcmp(&cpu[k], &device[i * kResultsPerCase + k], sizeof(float)) != 0;
  }
  for (std::size_t k = 0; k < kResultsPerCase; ++k)
    BOOST_TEST(different[k] == 0u, "result " << k << ": " << different[k] << " of " << cases);
}
