#include "mapping/partition.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <numeric>

#include "common/error.hpp"
#include "mapping/mapping.hpp"

using namespace mapnet;

namespace {

Network net(const char* name) { return build_network(name, {1, 28, 28, 10}); }

}  // namespace

BOOST_AUTO_TEST_CASE(networks_have_the_papers_parameter_counts) {
  BOOST_TEST(net("cnn1").param_count() == 537994u);
  BOOST_TEST(net("cnn2").param_count() == 108618u);
}

BOOST_AUTO_TEST_CASE(parameters_are_named_and_laid_out_as_in_torch) {
  const Network cnn2 = net("cnn2");
  const char* names[] = {"conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias",
                         "fc1.weight",   "fc1.bias",   "fc2.weight",   "fc2.bias"};
  const std::size_t offsets[] = {0, 144, 160, 4768, 4800, 107200, 107328, 108608};
  BOOST_REQUIRE(cnn2.params.size() == 8u);
  for (std::size_t i = 0; i < 8; ++i) {
    BOOST_TEST(cnn2.params[i].name == names[i]);
    BOOST_TEST(cnn2.params[i].offset == offsets[i]);
  }
  BOOST_TEST((cnn2.params[2].shape == std::vector<int>{32, 16, 3, 3}));
  BOOST_TEST(cnn2.params[4].fan_in == 800);
}

BOOST_AUTO_TEST_CASE(a_linear_layer_may_do_without_a_bias) {
  const Network small = make_network("small", Task::classify, {1, 2, 2, 3},
                                     {linear("fc1", 5, false), linear("fc2", 3)});
  BOOST_REQUIRE(small.params.size() == 3u);
  BOOST_TEST(small.params[1].name == "fc2.weight");
  BOOST_TEST(small.params[1].offset == 20u);
  BOOST_TEST(small.param_count() == 20u + 15u + 3u);
}

BOOST_AUTO_TEST_CASE(unknown_networks_and_impossible_inputs_are_refused) {
  BOOST_CHECK_EXCEPTION(net("cnn9"), UsageError, [](const Error& e) {
    return std::string(e.what()).find("cnn1, cnn2") != std::string::npos;
  });
  BOOST_CHECK_THROW(build_network("cnn2", {1, 4, 4, 10}), Error);
}

BOOST_AUTO_TEST_CASE(blocks_cover_theta_and_z_without_gaps) {
  const Network cnn1 = net("cnn1");
  const auto blocks = layer_wise_blocks(cnn1, {10, 20, 30, 40, 50, 60});
  std::size_t theta = 0, z = 0;
  for (const MapBlock& b : blocks) {
    BOOST_TEST(b.theta_offset == theta);
    BOOST_TEST(b.latent_offset == z);
    theta += b.rows, z += b.latents;
  }
  BOOST_TEST(theta == cnn1.param_count());
  BOOST_TEST(z == 210u);
  const auto one = single_latent_blocks(cnn1, 1024);
  BOOST_TEST(one.size() == 1u);
  BOOST_TEST(one[0].rows == cnn1.param_count());
}

BOOST_AUTO_TEST_CASE(allotted_latents_add_up_and_fit_their_layers) {
  const Network cnn2 = net("cnn2");
  for (const std::size_t total : {4u, 5u, 100u, 1872u, 2688u, 60000u, 108618u}) {
    const auto latents = allot_latents(cnn2, total);
    BOOST_TEST(std::accumulate(latents.begin(), latents.end(), std::size_t{0}) == total);
    BOOST_CHECK_NO_THROW(layer_wise_blocks(cnn2, latents));
  }
  // Proportional to sqrt(160, 4640, 102528, 1290) while nothing is full.
  const auto latents = allot_latents(cnn2, 437);
  BOOST_TEST(std::abs(double(latents[2]) - 320) <= 1);
  BOOST_TEST(std::abs(double(latents[0]) - 12.6) <= 1);
}

BOOST_AUTO_TEST_CASE(impossible_numbers_of_latents_are_refused) {
  const Network cnn2 = net("cnn2");
  BOOST_CHECK_THROW(single_latent_blocks(cnn2, 0), UsageError);
  BOOST_CHECK_THROW(single_latent_blocks(cnn2, 108619), UsageError);
  BOOST_CHECK_THROW(layer_wise_blocks(cnn2, {1, 2, 3}), UsageError);
  BOOST_CHECK_THROW(layer_wise_blocks(cnn2, {161, 1, 1, 1}), UsageError);
  BOOST_CHECK_THROW(allot_latents(cnn2, 3), UsageError);
}

BOOST_AUTO_TEST_CASE(scales_start_theta_as_he_would) {
  const Network cnn2 = net("cnn2");
  const auto scales = initial_scales(parameter_targets(cnn2), 0.5);
  BOOST_TEST(scales[0].scale == static_cast<float>(std::sqrt(2.0 / 9) / 0.5));
  BOOST_TEST(scales[4].scale == static_cast<float>(std::sqrt(2.0 / 800) / 0.5));
  BOOST_TEST(scales[5].scale == static_cast<float>(1 / std::sqrt(3.0 * 800) / 0.5));
}

BOOST_AUTO_TEST_CASE(activation_rms_is_that_of_a_normal_input) {
  BOOST_TEST(std::abs(activation_rms(Activation::identity, 1) - 1) < 1e-9);
  // E sin^2(w u) = (1 - exp(-2 w^2)) / 2; E tanh^2(u) = 0.394294 (numerical integration elsewhere).
  BOOST_TEST(std::abs(activation_rms(Activation::sine, 2) - std::sqrt((1 - std::exp(-8.0)) / 2)) <
             1e-9);
  BOOST_TEST(std::abs(activation_rms(Activation::tanh, 1) - std::sqrt(0.394294)) < 1e-5);
}
