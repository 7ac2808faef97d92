#include <boost/test/unit_test.hpp>

#include "common/compare.hpp"
#include "reference/finite_difference.hpp"
#include "reference/kinks.hpp"
#include "reference/map.hpp"
#include "reference/mask.hpp"
#include "reference/nets.hpp"

using namespace mapnet::reference;
using mapnet::test::check_close;

namespace {

/// Every kind of layer, with padding and without, with a bias and without, H and W apart, odd sizes
/// for pooling to floor.
const Net net = [] {
  using L = Layer;
  // clang-format off
  return Net{{1, 8, 9},
             {{L::conv, 3, 3, 1}, {L::relu}, {L::maxpool},  // 3x8x9 -> 3x4x4
              {L::conv, 4, 2},    {L::relu}, {L::maxpool},  // 4x3x3 -> 4x1x1
              {L::linear, 5}, {L::relu}, {L::linear, 2, 0, 0, false}, {L::linear, 3}}};
  // clang-format on
}();
const std::size_t images = 2;
const std::vector<std::uint8_t> labels = {2, 0};

Vector batch(std::uint64_t seed) { return uniform(images * net.input.size(), seed); }

/// A batch that leaves every kink of the net further than 1e-3 from theta. Steps of 6e-6 move a
/// pre-activation by far less, as the weights and pixels of these nets are at most a few units.
Vector batch_away_from_kinks(View theta) {
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    const Vector x = batch(seed);
    if (kink_margin(net, trace(net, theta, x)) > 1e-3) return x;
  }
  BOOST_FAIL("no batch keeps away from the kinks");
  return {};
}

}  // namespace

BOOST_AUTO_TEST_CASE(nets_have_the_papers_parameter_counts) {
  BOOST_TEST(n_params(cnn1()) == 537994u);
  BOOST_TEST(n_params(cnn2()) == 108618u);
}

BOOST_AUTO_TEST_CASE(theta_is_cut_in_pytorch_order) {
  const std::vector<Placed> p = place(cnn2());
  BOOST_TEST(p[0].offset == 0u);                      // conv1.weight [16,1,3,3]
  BOOST_TEST(p[3].offset == 144u + 16u);              // conv2.weight [32,16,3,3]
  BOOST_TEST(p[6].offset == 160u + 4608u + 32u);      // fc1.weight [128,800]
  BOOST_TEST(p[8].offset == 4800u + 102400u + 128u);  // fc2.weight [10,128]
  BOOST_TEST(p[8].weight_size + p[8].bias_size == 1280u + 10u);
  BOOST_TEST(p[5].out.size() == 800u);
  BOOST_TEST(place(cnn1())[10].out.size() == 1152u);
}

BOOST_AUTO_TEST_CASE(the_big_nets_run) {
  for (const Net& big : {cnn1(), cnn2()}) {
    const Vector theta = uniform(n_params(big), 1, -0.05, 0.05), x = uniform(big.input.size(), 2);
    const LossAndGradient g = loss_and_gradient(big, theta, x, std::vector<std::uint8_t>{7});
    BOOST_TEST(forward(big, theta, x).size() == 10u);
    BOOST_TEST(g.dtheta.size() == theta.size());
    BOOST_TEST(std::abs(g.loss - std::log(10)) < 1);  // small weights: nearly equal logits
  }
}

BOOST_AUTO_TEST_CASE(the_gradient_of_the_loss_in_theta) {
  const Vector theta = uniform(n_params(net), 21), x = batch_away_from_kinks(theta);
  const auto f = [&](View v) { return loss_and_gradient(net, v, x, labels).loss; };
  const Vector dtheta = loss_and_gradient(net, theta, x, labels).dtheta;
  BOOST_TEST(gradient_error(f, theta, dtheta) < gradient_tolerance);
}

BOOST_AUTO_TEST_CASE(the_gradient_of_the_loss_through_the_map_to_z) {
  const std::size_t params = n_params(net), latents = 6;
  Map map{.params = params,
          .latents = latents,
          .W = uniform(params * latents, 31),
          .S = uniform(params * latents, 32),
          .scale = uniform(params, 33, 0.5, 1),
          .base = uniform(params, 34, -0.2, 0.2),
          .alpha = 0.2,
          .omega = 1.5};
  const Vector z = uniform(latents, 35);
  for (const auto modulation : {Modulation::none, Modulation::scalar, Modulation::signed_})
    for (const auto activation : {Activation::identity, Activation::tanh, Activation::sine}) {
      map.modulation = modulation, map.activation = activation;
      const Vector theta = map_forward(map, z), x = batch_away_from_kinks(theta);
      const auto f = [&](View v) {
        return loss_and_gradient(net, map_forward(map, v), x, labels).loss;
      };
      const Vector dz = map_backward(map, loss_and_gradient(net, theta, x, labels).dtheta, z);
      BOOST_TEST(gradient_error(f, z, dz) < gradient_tolerance);
    }
}

BOOST_AUTO_TEST_CASE(the_gradient_of_the_loss_through_a_mask_and_the_map_to_z) {
  const std::size_t params = n_params(net), latents = 6;
  const Map map{.params = params,
                .latents = latents,
                .W = uniform(params * latents, 31),
                .S = {},
                .scale = uniform(params, 33, 0.5, 1),
                .base = uniform(params, 34, -0.2, 0.2)};
  const Vector z = uniform(latents, 35), draws = uniform(params, 36);
  std::vector<bool> kept;
  for (const double draw : draws) kept.push_back(draw > -0.5);
  const Vector theta = mask(map_forward(map, z), kept), x = batch_away_from_kinks(theta);
  const auto f = [&](View v) {
    return loss_and_gradient(net, mask(map_forward(map, v), kept), x, labels).loss;
  };
  const Vector dtheta = mask(loss_and_gradient(net, theta, x, labels).dtheta, kept);
  BOOST_TEST(gradient_error(f, z, map_backward(map, dtheta, z)) < gradient_tolerance);
}

BOOST_AUTO_TEST_CASE(padding_images_change_nothing) {
  const Vector theta = uniform(n_params(net), 41), x = batch(42);
  const View first = View(x).first(net.input.size());
  const LossAndGradient alone = loss_and_gradient(net, theta, first, labels, 1);
  const LossAndGradient padded = loss_and_gradient(net, theta, x, labels, 1);
  BOOST_TEST(padded.loss == alone.loss);
  BOOST_TEST(padded.correct == alone.correct);
  check_close(padded.dtheta, alone.dtheta, 0, 0, "dtheta of a padded batch");
}
