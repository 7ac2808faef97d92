#include "device/cpu/hadamard.hpp"

#include <boost/test/unit_test.hpp>

#include "common/compare.hpp"
#include "mapping/map_harness.hpp"

using namespace mapnet;
using namespace mapnet::test;

BOOST_AUTO_TEST_CASE(the_fast_transform_is_the_matrix_product) {
  for (std::size_t n = 16; n <= 4096; n *= 2) {
    const Vector x = exact_floats(n, n);
    std::vector<float> fast(x.begin(), x.end());
    cpu::hadamard_transform(fast.data(), n);
    Vector want(n);
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t k = 0; k < n; ++k) want[i] += hadamard_entry(i, k) * x[k];
    // log2(n) roundings of values of about sqrt(n / 3).
    check_close(fast, want, 0x1p-24 * std::log2(double(n)) * std::sqrt(double(n)) * 4, 0,
                "n = " + std::to_string(n));
  }
}

BOOST_AUTO_TEST_CASE(the_transform_of_integers_is_exact_and_its_own_inverse) {
  for (std::size_t n = 16; n <= (1u << 16); n *= 2) {
    std::vector<float> x(n);
    for (std::size_t i = 0; i < n; ++i) x[i] = static_cast<float>(int(i * 37 % 15) - 7);
    std::vector<float> y = x;
    cpu::hadamard_transform(y.data(), n);
    cpu::hadamard_transform(y.data(), n);
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < n; ++i) wrong += y[i] != static_cast<float>(n) * x[i];
    BOOST_TEST(wrong == 0u, "n = " << n);
  }
}

BOOST_AUTO_TEST_CASE(signs_are_the_seeds_bits) {
  const std::size_t n = 256;
  const SignStream signs = {77, Stream::map_outer_signs, 3};
  std::vector<float> ones(n, 1.0f), y(n), sum(n, 10.0f);
  cpu::apply_signs(y.data(), ones.data(), n, signs, 5);
  cpu::add_with_signs(sum.data(), ones.data(), n, signs, 5);
  int minus = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double want = sign_at(77, Stream::map_outer_signs, 3, n, 5, i);
    BOOST_TEST(static_cast<double>(y[i]) == want);
    BOOST_TEST(static_cast<double>(sum[i]) == 10 + want);
    minus += want < 0;
  }
  BOOST_TEST(std::abs(minus - 128) < 5 * 8);  // five standard deviations of a fair coin
}

// A tile has orthonormal columns, so eigenvalues of W^T W lie between floor(P/m) m/P and
// ceil(P/m) m/P: what leaves the last tile's rows out is all that is lost.
BOOST_AUTO_TEST_CASE(hadamard_columns_are_orthonormal_up_to_the_last_tile) {
  struct Case {
    std::size_t rows, d;
  };
  for (const Case k : {Case{512, 64}, Case{1000, 64}, Case{1000, 50}, Case{130, 128},
                       Case{160, 160}, Case{1100, 256}}) {
    Vector W = hadamard_map(k.rows, k.d, 9, Stream::map_outer_signs, Stream::map_inner_signs, 0);
    for (double& w : W) w *= std::sqrt(double(k.d) / double(k.rows));
    const std::size_t m = hadamard_points(k.d), full = k.rows / m * m;
    const double below = double(full) / double(k.rows);
    const double above = double(k.rows % m == 0 ? full : full + m) / double(k.rows);
    const double bound = std::max(1 - below, above - 1);
    const double error = orthonormality_error(W, k.rows, k.d);
    BOOST_TEST_MESSAGE("rows " << k.rows << ", d " << k.d << ": deviation " << error << ", bound "
                               << bound);
    BOOST_TEST(error <= bound + 1e-12);
  }
}
