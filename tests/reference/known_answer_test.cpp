// Answers worked out by hand. Kernels are powers of ten and images single digits, so that each
// digit of an output names the pixel that a tap read.
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>

#include "common/compare.hpp"
#include "reference/adam.hpp"
#include "reference/avg_pool.hpp"
#include "reference/conv2d.hpp"
#include "reference/conv_transpose2d.hpp"
#include "reference/cross_entropy.hpp"
#include "reference/linear.hpp"
#include "reference/maxpool2d.hpp"
#include "reference/relu.hpp"

using namespace mapnet::reference;
using mapnet::test::check_close;

namespace {

// Sums of a few small integers are exact; the rest is a handful of roundings of values near 1.
void check_exact(const Vector& got, const Vector& want, const char* what) {
  check_close(got, want, 0, 0, what);
}
void check_rounded(const Vector& got, const Vector& want, const char* what) {
  check_close(got, want, 1e-15, 1e-14, what);
}

// clang-format off
const Vector image = {1, 2, 3, 4,
                      5, 6, 7, 8,
                      9, 1, 2, 3};
const Vector kernel = {  1,   10,
                       100, 1000};
// clang-format on
const Conv2d plain{.n = 1, .c = 1, .h = 3, .w = 4, .o = 1, .k = 2, .pad = 0};

}  // namespace

BOOST_AUTO_TEST_CASE(conv2d_reads_the_pixels_under_its_kernel) {
  // clang-format off
  check_exact(conv2d_forward(image, kernel, Vector{0.5}, plain),
              {6521.5, 7632.5, 8743.5,
               1965.5, 2176.5, 3287.5}, "conv2d y");
  // clang-format on
}

BOOST_AUTO_TEST_CASE(conv2d_pads_with_zeros_on_every_side) {
  // clang-format off
  const Vector x = {1, 2,
                    3, 4};
  const Vector weight = {1e0, 1e1, 1e2,
                         1e3, 1e4, 1e5,
                         1e6, 1e7, 1e8};
  check_exact(conv2d_forward(x, weight, Vector{0}, {1, 1, 2, 2, 1, 3, 1}),
              {430210000, 43021000,
                  430210,    43021}, "padded conv2d y");
  // clang-format on
}

BOOST_AUTO_TEST_CASE(conv2d_skips_pixels_by_its_stride) {
  // clang-format off
  const Vector y = {6521, 8743};  // the row of 9 1 2 3 begins no kernel
  check_exact(conv2d_forward(image, kernel, {}, {1, 1, 3, 4, 1, 2, 0, 2, false}), y, "strided conv2d y");
  check_exact(conv2d_backward(Vector{1, 10}, image, kernel, {1, 1, 3, 4, 1, 2, 0, 2, false}).dx,
              {  1,   10,   10,   100,
               100, 1000, 1000, 10000,
                 0,    0,    0,     0}, "strided conv2d dx");
  // clang-format on
}

BOOST_AUTO_TEST_CASE(conv_transpose2d_makes_a_patch_of_each_pixel) {
  // clang-format off
  const Vector x = {1, 2,                // c = 0
                    3, 4};               // c = 1
  const Vector weight = {1e0, 1e1,       // c = 0
                         1e2, 1e3,
                         1e4, 1e5,       // c = 1
                         1e6, 1e7};
  check_exact(conv_transpose2d_forward(x, weight, Vector{0.5}, {1, 2, 1, 2, 1, 2}),
              {  30001.5,   300010.5,   40002.5,   400020.5,
               3000100.5, 30001000.5, 4000200.5, 40002000.5}, "conv_transpose2d y");
  const ConvTranspose2dGradient g = conv_transpose2d_backward(
      Vector{1, 0, 0, 0,
             0, 0, 0, 10}, x, weight, {1, 2, 1, 2, 1, 2});
  check_exact(g.dx, {1e0, 1e4,
                     1e4, 1e8}, "conv_transpose2d dx");
  check_exact(g.dweight, {1,  0,
                          0, 20,
                          3,  0,
                          0, 40}, "conv_transpose2d dweight");
  check_exact(g.dbias, {11}, "conv_transpose2d dbias");
  // clang-format on
}

BOOST_AUTO_TEST_CASE(conv2d_keeps_images_and_channels_apart) {
  // clang-format off
  const Vector x = {1, 2,    3, 4,    // n = 0: c = 0, c = 1
                    5, 6,    7, 8};   // n = 1
  const Vector weight = {  1,   10,   // o = 0: c = 0, c = 1
                         100, 1000};  // o = 1
  check_exact(conv2d_forward(x, weight, Vector{0.5, 0.25}, {2, 2, 1, 2, 2, 1, 0}),
              {31.5, 42.5,    3100.25, 4200.25,    // n = 0: o = 0, o = 1
               75.5, 86.5,    7500.25, 8600.25},   // n = 1
              "many-channel conv2d y");
  // clang-format on
}

BOOST_AUTO_TEST_CASE(conv2d_sends_gradients_back_along_the_same_taps) {
  // clang-format off
  const Vector dy = {1, 0,  0,
                     0, 0, 10};
  const Conv2dGradient g = conv2d_backward(dy, image, kernel, plain);
  check_exact(g.dx, {  1,   10,    0,     0,
                     100, 1000,   10,   100,
                       0,    0, 1000, 10000}, "conv2d dx");
  check_exact(g.dweight, {1 + 70, 2 + 80,
                          5 + 20, 6 + 30}, "conv2d dweight");
  check_exact(g.dbias, {11}, "conv2d dbias");
  // clang-format on
}

BOOST_AUTO_TEST_CASE(relu_cuts_below_zero_and_passes_nothing_back_at_zero) {
  const Vector x = {-2, 0, 3};
  check_exact(relu_forward(x), {0, 0, 3}, "relu y");
  check_exact(relu_backward(Vector{10, 20, 30}, x), {0, 0, 30}, "relu dx");
}

BOOST_AUTO_TEST_CASE(maxpool2d_takes_the_first_of_equal_values_and_drops_odd_edges) {
  // clang-format off
  const Vector x = { 1,  3,   2.0, 2.0,  9,
                     3,  0,   2.0, 2.0,  9,

                    -1, -2,   0.0, 0.5,  9,
                    -3, -4,   0.5, 0.0,  9,

                     9,  9,   9.0, 9.0,  9};
  const MaxPool2d s{.planes = 1, .h = 5, .w = 5};
  const MaxPool2dOutput out = maxpool2d_forward(x, s);
  check_exact(out.y, { 3, 2.0,
                      -1, 0.5}, "maxpool2d y");
  check_exact(maxpool2d_backward(Vector{10, 20,
                                        30, 40}, out.source, s),
              { 0, 10,   20,  0,  0,
                0,  0,    0,  0,  0,

               30,  0,    0, 40,  0,
                0,  0,    0,  0,  0,

                0,  0,    0,  0,  0}, "maxpool2d dx");
  // clang-format on
}

BOOST_AUTO_TEST_CASE(maxpool2d_adds_up_where_windows_overlap_and_never_takes_the_padding) {
  // clang-format off
  const Vector x = {-1, -2, -9,
                    -3, -9, -5,
                    -9, -9, -9};
  const MaxPool2d s{.planes = 1, .h = 3, .w = 3, .k = 3, .stride = 2, .pad = 1};
  const MaxPool2dOutput out = maxpool2d_forward(x, s);
  check_exact(out.y, {-1, -2,
                      -3, -5}, "padded maxpool2d y");
  const MaxPool2d close{.planes = 1, .h = 3, .w = 3, .k = 2, .stride = 1};
  const MaxPool2dOutput overlapping = maxpool2d_forward(x, close);
  check_exact(overlapping.y, {-1, -2,
                              -3, -5}, "overlapping maxpool2d y");
  const Vector peak = {0, 0, 0,
                       0, 1, 0,
                       0, 0, 0};
  check_exact(maxpool2d_backward(Vector{1, 10,
                                        100, 1000}, maxpool2d_forward(peak, close).source, close),
              {0,    0, 0,
               0, 1111, 0,
               0,    0, 0}, "overlapping maxpool2d dx");
  // clang-format on
}

BOOST_AUTO_TEST_CASE(global_avg_pool_takes_means) {
  check_exact(global_avg_pool_forward(Vector{1, 2, 3, 6, 10, 20, 30, 60}, 2), {3, 30}, "means");
  check_exact(global_avg_pool_backward(Vector{8, 4}, 4), {2, 2, 2, 2, 1, 1, 1, 1}, "means' dx");
}

BOOST_AUTO_TEST_CASE(linear_multiplies_by_the_transposed_weight) {
  // clang-format off
  const Vector x = {1, 2,               // n = 0
                    3, 4};              // n = 1
  const Vector weight = {  1,   10,     // o = 0
                         100, 1000,     // o = 1
                           0,    1};    // o = 2
  const Linear s{.n = 2, .i = 2, .o = 3};
  check_exact(linear_forward(x, weight, Vector{0.5, 0.25, 0}, s),
              {21.5, 2100.25, 2,
               43.5, 4300.25, 4}, "linear y");

  const Vector dy = {1, 0, 2,
                     0, 3, 0};
  const LinearGradient g = linear_backward(dy, x, weight, s);
  check_exact(g.dx, {  1,   12,
                     300, 3000}, "linear dx");
  check_exact(g.dweight, {1,  2,
                          9, 12,
                          2,  4}, "linear dweight");
  check_exact(g.dbias, {1, 3, 2}, "linear dbias");
  // clang-format on
}

BOOST_AUTO_TEST_CASE(cross_entropy_is_the_mean_over_the_real_rows_and_never_reads_the_others) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  // clang-format off
  const Vector logits = {          0, std::log(3),   // p = 1/4 3/4, loss log(4/3)
                         std::log(2),           0,   // p = 2/3 1/3, loss log(3)
                                 nan,         nan};  // padding
  const std::vector<std::uint8_t> labels = {1, 1, 255};
  const CrossEntropy ce = cross_entropy(logits, labels, 2, 2);
  check_rounded({ce.loss}, {std::log(2)}, "loss");  // (log(4/3) + log(3)) / 2
  check_rounded(ce.dlogits, { 1. / 8, -1. / 8,
                              1. / 3, -1. / 3,
                              0,       0}, "dlogits");
  // clang-format on
  BOOST_TEST(ce.correct == 1u);
}

BOOST_AUTO_TEST_CASE(cross_entropy_survives_huge_logits) {
  // clang-format off
  const Vector logits = {1e4, -1e4, 0,
                         1e4, -1e4, 0,
                        -1e4, -1e4, -1e4};
  const std::vector<std::uint8_t> labels = {0, 1, 2};
  const CrossEntropy ce = cross_entropy(logits, labels, 3, 3);
  check_rounded({ce.loss}, {(0 + 2e4 + std::log(3)) / 3}, "loss");
  check_rounded(ce.dlogits, {     0,       0,       0,
                             1. / 3, -1. / 3,       0,
                             1. / 9,  1. / 9, -2. / 9}, "dlogits");
  // clang-format on
  BOOST_TEST(ce.correct == 1u);  // of equal logits the first counts: the last row is wrong
}

BOOST_AUTO_TEST_CASE(adam_takes_the_steps_worked_out_by_hand) {
  const Adam adam{.lr = 0.1, .beta1 = 0.5, .beta2 = 0.75, .eps = 0.5};
  AdamState state;
  Vector x = {1};
  // m = 1, v = 1; corrected by 1/2 and 1/4: 2 and 4.
  adam_step(x, Vector{2}, state, adam);
  check_rounded(x, {1 - 0.1 * 2 / (2 + 0.5)}, "Adam, first step");
  // m = -2, v = 7; corrected by 3/4 and 7/16: -8/3 and 16.
  adam_step(x, Vector{-5}, state, adam);
  check_rounded(x, {0.92 + 0.1 * (8. / 3) / (4 + 0.5)}, "Adam, second step");
}

BOOST_AUTO_TEST_CASE(wrong_sizes_are_refused) {
  BOOST_CHECK_THROW(conv2d_forward(Vector(11), kernel, Vector{0}, plain), std::invalid_argument);
  BOOST_CHECK_THROW(linear_forward(Vector(3), Vector(2), Vector(1), {2, 2, 1}),
                    std::invalid_argument);
  const std::vector<std::uint8_t> labels = {2};
  BOOST_CHECK_THROW(cross_entropy(Vector(2), labels, 2, 1), std::invalid_argument);
  BOOST_CHECK_THROW(cross_entropy(Vector(2), labels, 2, 0), std::invalid_argument);
}
