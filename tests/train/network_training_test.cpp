#include <boost/test/unit_test.hpp>

#include "common/compare.hpp"
#include "train/session.hpp"
#include "train/toy_tasks.hpp"

/// The networks of each task, trained from files: they learn, and always to the same bits.
using namespace mapnet;
using namespace mapnet::test;

namespace {

/// What a run leaves, and how the loss went: its mean over each epoch.
struct Trained {
  std::vector<float> theta, values, state;
  std::vector<double> losses;
};

Trained train(const RunConfig& config, const Dataset& dataset,
              Plan (*planner)(std::vector<Lifetime>) = plan_arena) {
  const Network net = network_for(config, dataset);
  Session session(resolve(config, net), net, dataset, Purpose::train, planner);
  Trained t;
  for (int epoch = 0; epoch < config.epochs; ++epoch)
    t.losses.push_back(session.train_epoch(epoch).loss);
  session.expand();
  t.theta = session.theta();
  t.values = session.values();
  t.state = session.state();
  return t;
}

void check_same(const Trained& a, const Trained& b, const char* how) {
  BOOST_TEST_CONTEXT(how) {
    BOOST_TEST(same_bits(a.theta, b.theta));
    BOOST_TEST(same_bits(a.values, b.values));
    BOOST_TEST(same_bits(a.state, b.state));
    BOOST_TEST((a.losses == b.losses));
  }
}

/// `learns`: the last epoch's loss is at most so much of the first one's.
void check_training(const RunConfig& config, const Dataset& dataset, double learns) {
  BOOST_TEST_CONTEXT(config.net << " " << config.strategy) {
    const Trained first = train(config, dataset);
    BOOST_TEST_MESSAGE(config.net << " " << config.strategy << ": loss " << first.losses.front()
                                  << " in the first epoch, " << first.losses.back()
                                  << " in the last");
    BOOST_TEST(first.losses.back() <= learns * first.losses.front());
    BOOST_TEST(first.state.empty() == dataset.floats);
    check_same(train(config, dataset), first, "a rerun");
    check_same(train(config, dataset, plan_arena_without_reuse), first, "no memory shared");
  }
}

}  // namespace

// A wave of a day with noise. The last batch of an epoch is a padded one.
BOOST_AUTO_TEST_CASE(an_lstm_learns_a_series) {
  const ToySeries data(24 * 12);
  for (const char* strategy : kStrategies) {
    RunConfig c = toy_run("lstm", data.dataset, strategy);
    c.batch = 32;
    c.epochs = testing_emulated() ? 3 : 10;
    check_training(c, data.dataset, testing_emulated() ? 0.9 : 0.5);
  }
}

BOOST_AUTO_TEST_CASE(an_lstm_learns_from_the_weather_too) {
  const ToySeries data(24 * 10, {.window = 7, .multivariate = true});
  RunConfig c = toy_run("lstm-1x12", data.dataset, "slvt");
  c.batch = 32;
  c.epochs = 4;
  check_training(c, data.dataset, 0.7);
}

BOOST_AUTO_TEST_CASE(a_u_net_learns_to_segment) {
  const ToyPictures data(16, testing_emulated() ? 3 : 10, 2);
  for (const char* strategy : kStrategies) {
    RunConfig c = toy_run("cnn3", data.dataset, strategy);
    c.batch = testing_emulated() ? 2 : 4;
    c.epochs = testing_emulated() ? 2 : 5;
    if (c.latent) c.latent = 1000;
    check_training(c, data.dataset, testing_emulated() ? 0.95 : 0.7);
  }
}

BOOST_AUTO_TEST_CASE(a_resnet_learns_to_classify) {
  if (testing_emulated()) return;
  const ToyCifar data(11, 5);
  for (const char* strategy : kStrategies) {
    RunConfig c = toy_run("resnet18-cifar", data.dataset, strategy);
    c.batch = 4;
    c.epochs = 3;
    if (c.latent) c.latent = 2000;
    check_training(c, data.dataset, 0.9);
  }
}
