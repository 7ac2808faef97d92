// The ops of forecasts: backward passes against finite differences, answers worked out by hand.
#include <boost/test/unit_test.hpp>
#include <cmath>

#include "common/compare.hpp"
#include "reference/finite_difference.hpp"
#include "reference/lstm.hpp"
#include "reference/mse.hpp"

using namespace mapnet::reference;
using mapnet::test::check_close;

namespace {

LstmParams random_params(const Lstm& s, std::uint64_t seed) {
  return {uniform(4 * s.h * s.i, seed), uniform(4 * s.h * s.h, seed + 1),
          uniform(4 * s.h, seed + 2), uniform(4 * s.h, seed + 3)};
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

}  // namespace

BOOST_AUTO_TEST_CASE(lstm_gradients) {
  for (const Lstm& s : {Lstm{2, 4, 3, 2}, Lstm{3, 5, 1, 4, true}, Lstm{1, 1, 2, 3}}) {
    const Vector x = uniform(s.x_size(), 1), dy = uniform(s.y_size(), 2);
    const LstmParams p = random_params(s, 3);
    const LstmGradient g = lstm_backward(dy, x, p, s);
    const auto of_x = [&](View v) { return dot(dy, lstm_forward(v, p, s)); };
    BOOST_TEST(gradient_error(of_x, x, g.dx) < gradient_tolerance);
    for (Vector LstmParams::*part : {&LstmParams::weight_ih, &LstmParams::weight_hh,
                                     &LstmParams::bias_ih, &LstmParams::bias_hh}) {
      const auto of_part = [&](const Vector& v) {
        LstmParams changed = p;
        changed.*part = v;
        return dot(dy, lstm_forward(x, changed, s));
      };
      BOOST_TEST(gradient_error(of_part, p.*part, g.d.*part) < gradient_tolerance);
    }
  }
}

BOOST_AUTO_TEST_CASE(an_lstm_of_one_unit_over_two_steps_is_pytorchs_formula) {
  const Lstm s{.n = 1, .t = 2, .i = 1, .h = 1};
  const LstmParams p = {{0.1, 0.2, 0.3, 0.4},      // of x, gates i, f, g, o
                        {0.5, -0.6, 0.7, -0.8},    // of h
                        {0.01, 0.02, 0.03, 0.04},  // the two biases add up
                        {0.1, 0.2, 0.3, 0.4}};
  const double x1 = 2, x2 = -1;
  const double i1 = sigmoid(0.1 * x1 + 0.11), g1 = std::tanh(0.3 * x1 + 0.33),
               o1 = sigmoid(0.4 * x1 + 0.44);
  const double c1 = i1 * g1, h1 = o1 * std::tanh(c1);
  const double i2 = sigmoid(0.1 * x2 + 0.5 * h1 + 0.11), f2 = sigmoid(0.2 * x2 - 0.6 * h1 + 0.22),
               g2 = std::tanh(0.3 * x2 + 0.7 * h1 + 0.33), o2 = sigmoid(0.4 * x2 - 0.8 * h1 + 0.44);
  const double c2 = f2 * c1 + i2 * g2, h2 = o2 * std::tanh(c2);
  check_close(lstm_forward(Vector{x1, x2}, p, s), Vector{h1, h2}, 1e-15, 1e-14, "all steps");
  Lstm last = s;
  last.last_only = true;
  check_close(lstm_forward(Vector{x1, x2}, p, last), Vector{h2}, 1e-15, 1e-14, "the last step");
}

BOOST_AUTO_TEST_CASE(mse_gradient) {
  const Vector y = uniform(4 * 3, 1), targets = uniform(4 * 3, 2);
  for (const std::size_t count : {std::size_t{4}, std::size_t{2}}) {  // whole, and half padding
    const auto f = [&](View v) { return mse(v, targets, 3, count).loss; };
    BOOST_TEST(gradient_error(f, y, mse(y, targets, 3, count).dy) < gradient_tolerance);
  }
}

BOOST_AUTO_TEST_CASE(mse_of_errors_1_and_3_is_5) {
  const Mse m = mse(Vector{2, 1, 7}, Vector{1, 4, 0}, 1, 2);
  BOOST_TEST(m.loss == 5.0);
  check_close(m.dy, Vector{1, -3, 0}, 0, 0, "dy");
}
