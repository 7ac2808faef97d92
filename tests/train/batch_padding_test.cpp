#include <boost/test/unit_test.hpp>

#include "common/compare.hpp"
#include "train/session.hpp"
#include "train/toy_tasks.hpp"

/// A batch of fewer samples than there is room for: normalisations measure the samples alone.
using namespace mapnet;
using namespace mapnet::test;

namespace {

using reference::Vector;

struct Step {
  Vector gradient;
  std::vector<float> state;
  Metrics metrics;
};

/// The first step of a run whose training set is one batch.
Step only_step(RunConfig config, const Dataset& dataset, int batch) {
  config.batch = batch;
  const Network net = network_for(config, dataset);
  Session session(resolve(config, net), net, dataset, Purpose::train, plan_arena_without_reuse);
  BOOST_REQUIRE(session.steps_per_epoch() == 1);
  const Metrics metrics = session.train_epoch(0);
  const std::vector<float> g = session.gradient();
  return {{g.begin(), g.end()}, session.state(), metrics};
}

// The same sums in another order, since a batch's size may choose another algorithm: activations
// are off by 1e-6 or so. With that a ReLU at zero switches now and then, and in a ResNet's last
// stage, where a channel is 80 values, each one changes the gradient by some 1e-3: eight seeds gave
// 5e-6 to 0.016. Padding that took part would shift means by tenths of a deviation, and all else
// with them.
void check_padding(const RunConfig& config, const Dataset& dataset) {
  const int n = static_cast<int>(dataset.train.count);
  const Step full = only_step(config, dataset, n), padded = only_step(config, dataset, n + 5);
  BOOST_TEST_CONTEXT(config.net) {
    BOOST_TEST(padded.metrics.samples == static_cast<std::size_t>(n));
    BOOST_TEST(std::abs(padded.metrics.loss / full.metrics.loss - 1) < 1e-5);
    BOOST_TEST(padded.metrics.accuracy == full.metrics.accuracy);
    check_close(padded.state, full.state, 1e-5, 1e-4, "running statistics");
    Vector apart = full.gradient;
    for (std::size_t i = 0; i < apart.size(); ++i) apart[i] -= padded.gradient[i];
    const double off =
        std::sqrt(reference::dot(apart, apart) / reference::dot(full.gradient, full.gradient));
    BOOST_TEST_MESSAGE(config.net << ": gradient off by " << off);
    BOOST_TEST(off < 0.05);
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(padding_is_nothing_to_an_lstm) {
  const ToySeries data(24 * 2);
  check_padding(toy_run("lstm", data.dataset, "slvt"), data.dataset);
}

BOOST_AUTO_TEST_CASE(padding_is_nothing_to_a_u_net) {
  const ToyPictures data(16, 3, 1);
  check_padding(toy_run("cnn3", data.dataset, "slvt"), data.dataset);
}

BOOST_AUTO_TEST_CASE(padding_is_nothing_to_a_resnet) {
  if (testing_emulated()) return;
  const ToyCifar data(5, 5);
  check_padding(toy_run("resnet18-cifar", data.dataset, "slvt"), data.dataset);
}
