// Every op's backward pass against finite differences of its forward pass, along every input. A
// layer becomes a scalar function by a fixed random weighting dy of its outputs: f = <dy, y>.
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>

#include "reference/avg_pool.hpp"
#include "reference/conv2d.hpp"
#include "reference/conv_transpose2d.hpp"
#include "reference/cross_entropy.hpp"
#include "reference/finite_difference.hpp"
#include "reference/kinks.hpp"
#include "reference/linear.hpp"

using namespace mapnet::reference;

BOOST_AUTO_TEST_CASE(a_gradient_off_by_a_thousandth_in_one_place_is_caught) {
  const auto f = [](const Vector& x) { return x[0] * x[1] + std::sin(x[2]); };
  const Vector x = {0.3, -0.7, 2};
  Vector gradient = {x[1], x[0], std::cos(x[2])};
  BOOST_TEST(gradient_error(f, x, gradient) < gradient_tolerance);
  gradient[2] *= 1.001;
  BOOST_TEST(gradient_error(f, x, gradient) > gradient_tolerance);
  gradient[2] = std::numeric_limits<double>::quiet_NaN();
  BOOST_TEST(gradient_error(f, x, gradient) > gradient_tolerance);
}

BOOST_AUTO_TEST_CASE(conv2d_gradients) {
  for (const Conv2d& s :
       {Conv2d{2, 3, 5, 4, 2, 3, 1}, Conv2d{2, 2, 4, 6, 3, 3, 0}, Conv2d{1, 1, 3, 4, 2, 2, 1},
        Conv2d{3, 4, 2, 3, 2, 1, 0}, Conv2d{2, 2, 7, 6, 2, 3, 1, 2},
        Conv2d{1, 2, 9, 8, 2, 7, 3, 2, false}, Conv2d{2, 3, 5, 4, 2, 1, 0, 2, false}}) {
    const Vector x = uniform(s.x_size(), 1), weight = uniform(s.weight_size(), 2),
                 bias = uniform(s.bias_size(), 3), dy = uniform(s.y_size(), 4);
    const Conv2dGradient g = conv2d_backward(dy, x, weight, s);
    const auto of_x = [&](View v) { return dot(dy, conv2d_forward(v, weight, bias, s)); };
    const auto of_weight = [&](View v) { return dot(dy, conv2d_forward(x, v, bias, s)); };
    const auto of_bias = [&](View v) { return dot(dy, conv2d_forward(x, weight, v, s)); };
    BOOST_TEST(gradient_error(of_x, x, g.dx) < gradient_tolerance);
    BOOST_TEST(gradient_error(of_weight, weight, g.dweight) < gradient_tolerance);
    BOOST_TEST(gradient_error(of_bias, bias, g.dbias) < gradient_tolerance);
  }
}

BOOST_AUTO_TEST_CASE(relu_gradient) {
  const Vector x = uniform(50, 5), dy = uniform(50, 6);
  BOOST_REQUIRE(relu_margin(x) > 1e-3);
  const auto f = [&](View v) { return dot(dy, relu_forward(v)); };
  BOOST_TEST(gradient_error(f, x, relu_backward(dy, x)) < gradient_tolerance);
}

BOOST_AUTO_TEST_CASE(conv_transpose2d_gradients) {
  for (const ConvTranspose2d& s :
       {ConvTranspose2d{2, 3, 3, 2, 2, 2}, ConvTranspose2d{1, 2, 2, 3, 4, 3},
        ConvTranspose2d{3, 2, 2, 2, 1, 1, false}}) {
    const Vector x = uniform(s.x_size(), 1), weight = uniform(s.weight_size(), 2),
                 bias = uniform(s.bias_size(), 3), dy = uniform(s.y_size(), 4);
    const ConvTranspose2dGradient g = conv_transpose2d_backward(dy, x, weight, s);
    const auto of_x = [&](View v) { return dot(dy, conv_transpose2d_forward(v, weight, bias, s)); };
    const auto of_weight = [&](View v) { return dot(dy, conv_transpose2d_forward(x, v, bias, s)); };
    const auto of_bias = [&](View v) { return dot(dy, conv_transpose2d_forward(x, weight, v, s)); };
    BOOST_TEST(gradient_error(of_x, x, g.dx) < gradient_tolerance);
    BOOST_TEST(gradient_error(of_weight, weight, g.dweight) < gradient_tolerance);
    BOOST_TEST(gradient_error(of_bias, bias, g.dbias) < gradient_tolerance);
  }
}

BOOST_AUTO_TEST_CASE(maxpool2d_gradient) {
  for (const MaxPool2d& s : {MaxPool2d{3, 5, 6}, MaxPool2d{2, 7, 6, 3, 2, 1},
                             MaxPool2d{1, 6, 5, 3, 1, 0}, MaxPool2d{2, 5, 7, 2, 3, 1}}) {
    const Vector x = uniform(s.x_size(), 7), dy = uniform(s.y_size(), 8);
    BOOST_REQUIRE(maxpool2d_margin(x, s, false) > 1e-3);
    const auto f = [&](View v) { return dot(dy, maxpool2d_forward(v, s).y); };
    const Vector dx = maxpool2d_backward(dy, maxpool2d_forward(x, s).source, s);
    BOOST_TEST(gradient_error(f, x, dx) < gradient_tolerance);
  }
}

BOOST_AUTO_TEST_CASE(global_avg_pool_gradient) {
  const std::size_t planes = 3, pixels = 7;
  const Vector x = uniform(planes * pixels, 7), dy = uniform(planes, 8);
  const auto f = [&](View v) { return dot(dy, global_avg_pool_forward(v, planes)); };
  BOOST_TEST(gradient_error(f, x, global_avg_pool_backward(dy, pixels)) < gradient_tolerance);
}

BOOST_AUTO_TEST_CASE(linear_gradients) {
  for (const bool with_bias : {true, false}) {
    const Linear s{.n = 3, .i = 5, .o = 4, .bias = with_bias};
    const Vector x = uniform(s.n * s.i, 9), weight = uniform(s.o * s.i, 10),
                 bias = uniform(s.bias_size(), 11), dy = uniform(s.n * s.o, 12);
    const LinearGradient g = linear_backward(dy, x, weight, s);
    const auto of_x = [&](View v) { return dot(dy, linear_forward(v, weight, bias, s)); };
    const auto of_weight = [&](View v) { return dot(dy, linear_forward(x, v, bias, s)); };
    const auto of_bias = [&](View v) { return dot(dy, linear_forward(x, weight, v, s)); };
    BOOST_TEST(gradient_error(of_x, x, g.dx) < gradient_tolerance);
    BOOST_TEST(gradient_error(of_weight, weight, g.dweight) < gradient_tolerance);
    BOOST_TEST(gradient_error(of_bias, bias, g.dbias) < gradient_tolerance);
  }
}

BOOST_AUTO_TEST_CASE(cross_entropy_gradient) {
  const std::vector<std::uint8_t> labels = {3, 0, 4, 1};
  const Vector logits = uniform(4 * 5, 13, -3, 3);
  for (const std::size_t count : {std::size_t{4}, std::size_t{2}}) {  // whole, and half padding
    const auto f = [&](View v) { return cross_entropy(v, labels, 5, count).loss; };
    const Vector dlogits = cross_entropy(logits, labels, 5, count).dlogits;
    BOOST_TEST(gradient_error(f, logits, dlogits) < gradient_tolerance);
  }
}
