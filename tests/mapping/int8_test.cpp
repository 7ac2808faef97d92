#include "nets/int8.hpp"

#include <boost/test/unit_test.hpp>

#include "reference/int8.hpp"

using namespace mapnet;

BOOST_AUTO_TEST_CASE(weights_are_rounded_to_255_steps_of_their_channels_range) {
  const Network net = build_network("cnn2", {1, 28, 28, 10});
  const reference::Vector draws = reference::uniform(net.param_count(), 1);
  std::vector<float> theta(draws.begin(), draws.end());
  theta[7] = 0;                                            // pruned
  std::fill(theta.begin() + 9, theta.begin() + 18, 0.0f);  // a channel of conv1 that is all zeros
  const std::vector<float> rounded = int8_weights(theta, net);
  BOOST_REQUIRE(rounded.size() == theta.size());
  double most = 0;  // of the errors, in steps
  for (const ParamTensor& p : net.params)
    for (std::size_t j = p.offset; j < p.offset + p.size; ++j) {
      if (!p.is_weight()) {
        BOOST_REQUIRE(rounded[j] == theta[j]);
        continue;
      }
      const std::size_t length = p.size / static_cast<std::size_t>(p.shape[0]);
      const std::size_t row = j - (j - p.offset) % length;
      const std::vector<double> channel(theta.begin() + static_cast<std::ptrdiff_t>(row),
                                        theta.begin() + static_cast<std::ptrdiff_t>(row + length));
      const double step = reference::largest_magnitude(channel) / 127;
      const double error =
          std::abs(static_cast<double>(rounded[j]) - static_cast<double>(theta[j]));
      if (theta[j] == 0) {
        BOOST_REQUIRE(rounded[j] == 0);
      } else {
        most = std::max(most, error / step);
        const double steps = static_cast<double>(rounded[j]) / step;
        BOOST_REQUIRE(std::abs(steps - std::nearbyint(steps)) < 127 * 3 * 0x1p-24);
      }
    }
  BOOST_TEST(most <= 0.5 + 127 * 3 * 0x1p-24);  // three float32 roundings
  BOOST_TEST(most > 0.49);
}

BOOST_AUTO_TEST_CASE(bytes_of_cnn2_in_int8) {
  const Network net = build_network("cnn2", {1, 28, 28, 10});
  const std::size_t channels = 16 + 32 + 128 + 10, weights = 144 + 4608 + 102400 + 1280;
  BOOST_TEST(weighted_layers(net) == 4u);
  BOOST_TEST(int8_bytes(net) == weights + 4 * channels + 4 * channels + 4 * 4);
}

// Without its running statistics a network that normalises does not run.
BOOST_AUTO_TEST_CASE(bytes_in_int8_count_running_statistics) {
  const Network net = make_network(
      "normalised", Task::classify, {1, 8, 8, 10},
      {conv("conv1", 4, 3, 1, 1, false), batch_norm("bn1", "conv1"), relu(), linear("fc", 10)});
  const std::size_t weights = 4 * 9 + 10 * 4 * 64, rows = 4 + 10, biases = 10, gamma_beta = 2 * 4,
                    mean_variance = 2 * 4, inputs = 2;
  BOOST_TEST(int8_bytes(net) ==
             weights + 4 * (rows + biases + gamma_beta + mean_variance + inputs));
}
