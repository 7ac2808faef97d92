#include "reference/batch_norm.hpp"

#include <boost/test/unit_test.hpp>

#include "reference/finite_difference.hpp"
#include "reference/kinks.hpp"

using namespace mapnet::reference;

BOOST_AUTO_TEST_CASE(batch_norm_gradients) {
  for (const bool relu : {false, true})
    for (const std::size_t count : {std::size_t{3}, std::size_t{2}}) {  // whole, and with padding
      const BatchNorm s{.n = 3, .c = 2, .area = 7, .count = count, .relu = relu};
      const Vector x = uniform(s.size(), 1, -1, 3), gamma = uniform(s.c, 2, 0.5, 2),
                   beta = uniform(s.c, 3);
      Vector dy = uniform(s.size(), 4);
      std::fill(dy.begin() + static_cast<std::ptrdiff_t>(count * s.c * s.area), dy.end(), 0.0);
      BatchNorm linear = s;
      linear.relu = false;
      BOOST_REQUIRE(!relu || relu_margin(batch_norm_forward(x, gamma, beta, linear)) > 1e-3);
      const BatchNormGradient g = batch_norm_backward(dy, x, gamma, beta, s);
      const auto of_x = [&](View v) { return dot(dy, batch_norm_forward(v, gamma, beta, s)); };
      const auto of_gamma = [&](View v) { return dot(dy, batch_norm_forward(x, v, beta, s)); };
      const auto of_beta = [&](View v) { return dot(dy, batch_norm_forward(x, gamma, v, s)); };
      BOOST_TEST(gradient_error(of_x, x, g.dx) < gradient_tolerance);
      BOOST_TEST(gradient_error(of_gamma, gamma, g.dgamma) < gradient_tolerance);
      BOOST_TEST(gradient_error(of_beta, beta, g.dbeta) < gradient_tolerance);
    }
}

BOOST_AUTO_TEST_CASE(batch_norm_leaves_mean_beta_and_deviation_gamma) {
  const BatchNorm s{.n = 4, .c = 3, .area = 5, .count = 3, .epsilon = 0};
  const Vector x = uniform(s.size(), 5, 2, 9), gamma = {0.5, 1, 2}, beta = {-1, 0, 3};
  const BatchNormStatistics of_y = batch_norm_statistics(batch_norm_forward(x, gamma, beta, s), s);
  for (std::size_t k = 0; k < s.c; ++k) {
    BOOST_TEST(std::abs(of_y.mean[k] - beta[k]) < 1e-12);
    BOOST_TEST(std::abs(of_y.variance[k] - gamma[k] * gamma[k]) < 1e-12);
    BOOST_TEST(std::abs(of_y.unbiased[k] * 14 / 15 - of_y.variance[k]) < 1e-12);
  }
}
