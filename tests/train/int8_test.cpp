#include "nets/int8.hpp"

#include <boost/test/unit_test.hpp>

#include "common/compare.hpp"
#include "reference/int8.hpp"
#include "reference/nets.hpp"
#include "train/recipes.hpp"
#include "train/session.hpp"
#include "train/toy_data.hpp"

/// An int8 evaluation against the double-precision reference of the same network.
using namespace mapnet;
using namespace mapnet::test;

namespace {

/// Samples first ... first + n - 1 of the session's, scaled with its pixel statistics.
reference::Vector samples(const Session& session, std::size_t first, std::size_t n) {
  std::vector<std::uint8_t> pixels(n * 784);
  session.program().read<std::uint8_t>(pixels, session.run_schedule().samples.values, first * 784);
  reference::Vector x;
  for (const double pixel : pixels)
    x.push_back((pixel / 255 - session.pixels().mean[0]) / session.pixels().stddev[0]);
  return x;
}

void check_int8(const std::string& strategy) {
  const std::size_t n_train = 64, n_test = 20;  // whole batches to calibrate on; a padded one
  const ToyData data(n_train, n_test);
  RunConfig config = small_run(strategy);
  config.add_ons.quantize = "int8";
  const Network net = network("cnn2");
  const reference::Net cnn2 = reference::cnn2();
  Session session(recipe_of(config), net, data.dataset, Purpose::train);
  session.train_epoch(0);
  const Metrics full = session.evaluate(Split::test);
  const std::vector<float> values = session.values(), theta = session.theta();
  const Metrics int8 = session.evaluate_int8(Split::test);
  BOOST_TEST((session.values() == values));  // an evaluation leaves what is trained alone
  BOOST_TEST(int8.samples == n_test);

  std::vector<float> ranges(weighted_layers(net));
  session.program().read<float>(ranges, session.run_schedule().activation_ranges);
  const reference::Vector whole(theta.begin(), theta.end()), seen(ranges.begin(), ranges.end());
  const auto calibrated = reference::int8_forward(cnn2, whole, samples(session, 0, n_train), {});
  for (std::size_t l = 0; l < seen.size(); ++l)
    BOOST_TEST(std::abs(seen[l] - calibrated.largest[l]) < 1e-5 * calibrated.largest[l]);

  const std::vector<float> weights = int8_weights(theta, net);
  const reference::Vector rounded(weights.begin(), weights.end());
  std::vector<std::uint8_t> labels(n_train + n_test);
  session.program().read<std::uint8_t>(labels, session.run_schedule().samples.labels);
  const auto want = reference::int8_forward(cnn2, rounded, samples(session, n_train, n_test), seen);
  const auto of_test = std::span(labels).subspan(n_train);
  const double loss = reference::cross_entropy(want.logits, of_test, 10, n_test).loss;
  // Of the 30,000 values rounded a sample, a few lie so near the middle of two steps that float32
  // rounds them the other way: each moves a logit by less than a thousandth.
  BOOST_TEST(std::abs(int8.loss - loss) < 2e-3 * loss,
             strategy << ": loss " << int8.loss << ", expected " << loss);
  BOOST_TEST(int8.loss != full.loss);
  BOOST_TEST_MESSAGE(strategy << ": test loss " << full.loss << ", in int8 " << int8.loss
                              << ", by the reference " << loss);
  const Metrics again = session.evaluate_int8(Split::test);
  BOOST_TEST(again.loss == int8.loss);
  BOOST_TEST(session.evaluate(Split::test).loss == full.loss);
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_int8_evaluation_agrees_with_the_reference) {
  for (const char* strategy : {"direct", "slvt", "lwt"}) check_int8(strategy);
}

// Padding is no training sample: what biases make of it must not count as seen.
BOOST_AUTO_TEST_CASE(ranges_are_of_samples_whatever_the_batch) {
  const ToyData data(20, 10);
  const Network net = network("cnn2");
  // All pixels are positive then, and the first layer answers them with less than its biases of 1,
  // which are what it makes of nothing.
  std::vector<float> theta(net.param_count(), 1.0f);
  for (const ParamTensor& p : net.params)
    if (p.is_weight())
      std::fill_n(theta.begin() + static_cast<std::ptrdiff_t>(p.offset), p.size,
                  p.offset == 0 ? -0.01f : 0.01f);
  std::vector<std::vector<float>> ranges;
  for (const int batch : {20, 16}) {  // none, and 12 rows of padding
    RunConfig config = small_run("direct");
    config.batch = batch;
    config.add_ons.quantize = "int8";
    Session session(recipe_of(config), net, data.dataset, Purpose::evaluate);
    session.set_pixels({{-1.0}, {1.0}});
    session.set_values(theta);
    ranges.push_back(session.calibrate());
  }
  BOOST_TEST(ranges[1][1] < 0.99f);
  check_close(ranges[1], ranges[0], 0, 1e-5, "ranges");
}

BOOST_AUTO_TEST_CASE(an_int8_evaluation_that_was_not_planned_is_refused) {
  const ToyData data(30, 10);
  Session session(recipe_of(small_run()), network("cnn2"), data.dataset, Purpose::evaluate);
  BOOST_CHECK_THROW(session.evaluate_int8(Split::test), Error);
}
