// What regularises a training, by hand and by finite differences.
#include "reference/regularisation.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "common/compare.hpp"
#include "reference/adam.hpp"
#include "reference/augment.hpp"
#include "reference/cross_entropy.hpp"
#include "reference/finite_difference.hpp"

using namespace mapnet::reference;
using mapnet::test::check_close;

BOOST_AUTO_TEST_CASE(an_image_is_mirrored_then_moved_then_cut) {
  // clang-format off
  const Vector image = {1, 2, 3,
                        4, 5, 6};
  check_close(augment(image, 2, 3, {.flip = true}, 9),
              Vector{3, 2, 1,
                     6, 5, 4}, 0, 0, "mirrored");
  check_close(augment(image, 2, 3, {.flip = true, .dx = 1, .dy = -1}, 9),
              Vector{9, 6, 5,
                     9, 9, 9}, 0, 0, "mirrored and moved");
  check_close(augment(image, 2, 3, {.cut_x = 1, .cut_y = 1, .cut_size = 2}, 9),
              Vector{1, 2, 3,
                     4, 9, 9}, 0, 0, "cut over two edges");
  check_close(augment(image, 2, 3, {.dx = 1, .cut_x = -1, .cut_y = -1, .cut_size = 2}, 9),
              Vector{9, 1, 2,
                     9, 4, 5}, 0, 0, "moved, and cut where it is empty");
  // clang-format on
}

BOOST_AUTO_TEST_CASE(label_smoothing_spreads_a_share_of_the_target) {
  // p = 1/4 3/4; targets 0.1 and 0.9: the loss is -0.1 log(1/4) - 0.9 log(3/4).
  const std::vector<std::uint8_t> labels = {1};
  const CrossEntropy ce = cross_entropy(Vector{0, std::log(3)}, labels, 2, 1, 0.2);
  check_close(Vector{ce.loss}, Vector{0.1 * std::log(4) + 0.9 * std::log(4. / 3)}, 1e-15, 1e-14,
              "loss");
  check_close(ce.dlogits, Vector{0.25 - 0.1, 0.75 - 0.9}, 1e-15, 1e-14, "dlogits");
}

BOOST_AUTO_TEST_CASE(label_smoothing_gradient) {
  const std::vector<std::uint8_t> labels = {3, 0, 4, 1};
  const Vector logits = uniform(4 * 5, 21, -3, 3);
  for (const double smoothing : {0.1, 0.9}) {
    const auto f = [&](View v) { return cross_entropy(v, labels, 5, 3, smoothing).loss; };
    const Vector dlogits = cross_entropy(logits, labels, 5, 3, smoothing).dlogits;
    BOOST_TEST(gradient_error(f, logits, dlogits) < gradient_tolerance);
  }
}

BOOST_AUTO_TEST_CASE(l2_gradient_of_the_weights) {
  const Vector theta = uniform(20, 22);
  const auto f = [](View v) { return l2_loss(v, 0.3); };
  BOOST_TEST(gradient_error(f, theta, l2_gradient(theta, 0.3)) < gradient_tolerance);
}

BOOST_AUTO_TEST_CASE(decoupled_decay_takes_its_share_beside_the_step_of_adam) {
  // The first step of known_answer_test's Adam is 0.08; x loses lr * weight_decay = 1/20 first.
  const Adam adam{.lr = 0.1, .beta1 = 0.5, .beta2 = 0.75, .eps = 0.5, .weight_decay = 0.5};
  AdamState state;
  Vector x = {1};
  adam_step(x, Vector{2}, state, adam);
  check_close(x, Vector{0.95 - 0.08}, 1e-15, 1e-14, "AdamW");
}

BOOST_AUTO_TEST_CASE(an_exponential_average_weighs_by_age) {
  check_close(exponential_average({{6, 1}}, 0.5), Vector{6, 1}, 0, 0, "of one");
  check_close(exponential_average({{6, 1}, {3, 1}, {10, 1}}, 0.5),  // weights 1 2 4, over 7
              Vector{(6 + 2 * 3 + 4 * 10) / 7.0, 1}, 1e-15, 1e-14, "of three");
}
