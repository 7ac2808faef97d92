#include "nets/low_rank.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "common/error.hpp"
#include "common/temporary.hpp"
#include "mapping/mapping.hpp"
#include "mapping/partition.hpp"

using namespace mapnet;
using mapnet::test::check_fails;

namespace {

Network factored(const char* text, const char* net = "cnn2") {
  return with_low_rank(build_network(net, {1, 28, 28, 10}), parse_low_rank(text));
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_factored_layer_has_the_papers_count) {
  BOOST_TEST(factored("").param_count() == 108618u);
  BOOST_TEST(factored("fc1:32").param_count() == 35914u);
  BOOST_TEST(factored("fc1:16").param_count() == 21066u);
  BOOST_TEST(factored("fc1:32,fc2:4").param_count() == 35914u - 1280u + 4u * (128u + 10u));
  BOOST_TEST(factored("fc1:1", "cnn1").param_count() == 537994u - 256u * 1152u + 256u + 1152u);
}

BOOST_AUTO_TEST_CASE(the_factors_stand_where_the_layer_stood) {
  const Network net = factored("fc1:32");
  const char* names[] = {"conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias", "fc1.v.weight",
                         "fc1.u.weight", "fc1.u.bias", "fc2.weight",   "fc2.bias"};
  BOOST_REQUIRE(net.params.size() == std::size(names));
  for (std::size_t i = 0; i < std::size(names); ++i) BOOST_TEST(net.params[i].name == names[i]);
  BOOST_TEST((net.params[4].shape == std::vector<int>{32, 800}));
  BOOST_TEST((net.params[5].shape == std::vector<int>{128, 32}));
  for (std::size_t i = 4; i < 7; ++i) BOOST_TEST(net.params[i].layer == "fc1");
  BOOST_TEST((net.layers[8].kind == Layer::Kind::relu));  // behind fc1.u, none between the two
}

BOOST_AUTO_TEST_CASE(factors_share_their_layers_latents) {
  const Network net = factored("fc1:32");
  const auto blocks = layer_wise_blocks(net, {128, 640, 1280, 640});
  BOOST_REQUIRE(blocks.size() == 4u);
  BOOST_TEST(blocks[2].name == "fc1");
  BOOST_TEST(blocks[2].rows == 32u * 800u + 128u * 32u + 128u);
  BOOST_TEST(allot_latents(net, 1456).size() == 4u);
}

// W = U V keeps the variance He gives a whole layer: 1 / I through V, 2 / r through U, r terms.
BOOST_AUTO_TEST_CASE(factors_start_with_the_spread_of_the_whole_layer) {
  const auto scales = he_scales(factored("fc1:32"));
  const float v = scales[4].scale, u = scales[5].scale;
  BOOST_TEST(v == static_cast<float>(std::sqrt(1.0 / 800)));
  BOOST_TEST(u == static_cast<float>(std::sqrt(2.0 / 32)));
  BOOST_TEST(std::abs(v * v * u * u * 32.0f - 2.0f / 800) < 1e-7f);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_factored_is_refused) {
  const auto refuses = [](const char* text, std::initializer_list<std::string> parts) {
    check_fails<UsageError>([&] { factored(text); }, parts);
  };
  refuses("fc9:4", {"--lrd", "fc9", "fc1, fc2"});
  refuses("conv1:4", {"--lrd", "conv1", "not fully connected", "fc1, fc2"});
  refuses("fc1", {"--lrd fc1", "LAYER:RANK"});
  refuses(":4", {"LAYER:RANK"});
  refuses("fc1:many", {"'many'"});
  refuses("fc1:4x", {"'4x'"});
  refuses("fc1:4,fc1:8", {"fc1", "twice"});
  refuses("fc1:128", {"[128, 800]", "1 to 110"});
  refuses("fc1:111", {"[128, 800]", "1 to 110"});
  refuses("fc1:0", {"1 to 110"});
  refuses("fc2:10", {"[10, 128]", "1 to 9"});
  BOOST_TEST(factored("fc1:110").param_count() < 108618u);
  BOOST_TEST(128u * 800u <= 111u * (128u + 800u));
}

BOOST_AUTO_TEST_CASE(factors_are_spelled_as_they_are_read) {
  BOOST_TEST(to_string(parse_low_rank("fc1:32,fc2:4")) == "fc1:32,fc2:4");
  BOOST_TEST(to_string(parse_low_rank("")).empty());
}
