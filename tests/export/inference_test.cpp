#include "train/inference.hpp"

#include <boost/test/unit_test.hpp>

#include "common/temporary.hpp"
#include "nets/int8.hpp"
#include "reference/cross_entropy.hpp"
#include "train/recipes.hpp"
#include "train/session.hpp"
#include "train/toy_data.hpp"

/// Asking a network outside of any run gives what a run's evaluation is made of.
using namespace mapnet;
using namespace mapnet::test;

namespace {

constexpr std::size_t kTrain = 64, kTest = 20;

struct TrainedSession {
  ToyData data{kTrain, kTest};
  Network net = network("cnn2");
  std::unique_ptr<Session> session;

  TrainedSession() {
    RunConfig config = small_run("slvt");
    config.add_ons.quantize = "int8";
    session = std::make_unique<Session>(recipe_of(config), net, data.dataset, Purpose::train);
    session->train_epoch(0);
    session->expand();
  }

  /// Mean cross-entropy of the test samples' logits.
  double loss(const InferenceOptions& options) const {
    Inference inference(net, options, test_device(2));
    inference.set_weights(session->theta(), session->state());
    std::vector<std::uint8_t> pixels(kTest * 784), labels(kTest);
    read_pixels(data.dataset, data.dataset.test, pixels);
    read_labels(data.dataset, data.dataset.test, labels);
    std::vector<float> logits(kTest * 10);
    const auto batch = static_cast<std::size_t>(options.batch);
    for (std::size_t at = 0; at < kTest; at += batch) {
      const std::size_t n = std::min(batch, kTest - at);
      inference.run(std::span<const std::uint8_t>(pixels).subspan(at * 784, n * 784),
                    std::span(logits).subspan(at * 10, n * 10));
    }
    const reference::Vector values(logits.begin(), logits.end());
    return reference::cross_entropy(values, labels, 10, kTest).loss;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(it_gives_an_evaluations_loss, TrainedSession) {
  const double full = session->evaluate(Split::test).loss;
  for (const int batch : {1, 8, 20}) {
    const double asked = loss({batch, session->pixels(), {}});
    BOOST_TEST(std::abs(asked - full) < 1e-5 * full, "batch " << batch << ": " << asked);
  }
}

BOOST_FIXTURE_TEST_CASE(in_int8_it_gives_an_int8_evaluations_loss, TrainedSession) {
  const double int8 = session->evaluate_int8(Split::test).loss;
  const std::vector<float> ranges = session->calibrate();
  BOOST_TEST(ranges.size() == weighted_layers(net));
  session->expand();
  const double asked = loss({16, session->pixels(), ranges});
  // As in int8_test.cpp: of a batch of another size a product may round the other way.
  BOOST_TEST(std::abs(asked - int8) < 2e-3 * int8, asked << ", evaluated " << int8);
  BOOST_TEST(asked != loss({16, session->pixels(), {}}));
}

BOOST_AUTO_TEST_CASE(wrong_inputs_are_refused) {
  const Network net = network("cnn2");
  Inference pixels(net, {4, {{0.5}, {0.5}}, {}}, test_device(2));
  Inference floats(net, {4, {}, {}}, test_device(2));
  std::vector<std::uint8_t> bytes(5 * 784);
  std::vector<float> values(784), logits(50);
  check_fails([&] { pixels.run(bytes, logits); }, {"1 to 4", "3920"});
  check_fails([&] { pixels.run(std::span(bytes).first(784), logits); }, {"room for 50"});
  check_fails([&] { pixels.run(values, std::span(logits).first(10)); }, {"pixels"});
  check_fails([&] { floats.run(std::span(bytes).first(784), std::span(logits).first(10)); },
              {"float32"});
  check_fails([&] { Inference(net, {1, {}, {1.0f}}, test_device(2)); }, {"1 ranges", "4 layers"});
}
