#include <boost/test/unit_test.hpp>

#include "train/session.hpp"
#include "train/toy_tasks.hpp"

/// The gradient of what is trained beside the loss itself, through every op of a network.
using namespace mapnet;
using namespace mapnet::test;

namespace {

using reference::Vector;

/// The loss of one batch as a function of the trained values. A normalisation uses the batch's own
/// statistics in training, so the running ones, which go on changing, have no part in it.
class Loss {
 public:
  Loss(const RunConfig& config, const Dataset& dataset)
      : net_(network_for(config, dataset)),
        session_(resolve(config, net_), net_, dataset, Purpose::train, plan_arena_without_reuse),
        start_(session_.values()) {}

  /// At the start and `step` along `direction`.
  double at(const Vector& direction, double step) {
    std::vector<float> moved = start_;
    for (std::size_t i = 0; i < moved.size(); ++i)
      moved[i] = static_cast<float>(static_cast<double>(moved[i]) + step * direction[i]);
    session_.set_values(moved);
    session_.begin_epoch(0);
    session_.train_step(0);
    return metrics_of(session_.control()).loss;
  }

  Vector gradient() {
    at(Vector(start_.size()), 0);
    const std::vector<float> g = session_.gradient();
    return {g.begin(), g.end()};
  }

 private:
  Network net_;
  Session session_;
  std::vector<float> start_;
};

// A central difference with step h errs in two ways. A batch's mean loss in float32 is off by about
// 1e-7, which is 1e-7 / h of the difference: so h is not too small. ReLUs and maxima that switch
// within the step bend the loss, the more of them the larger h is: these networks have 1e5 of them.
// At these steps the two together stay within 0.03 of the derivative along a random direction,
// whose root mean square is |g| / sqrt(3); a part of the gradient that is missing or wrong changes
// it by the share of |g| which that part has, of which some tenths are seen. (A single tensor may
// have far less: tests/nets/gradient_test.cpp has each by itself.)
void check_gradient(const RunConfig& config, const Dataset& dataset, int directions = 3) {
  BOOST_TEST_CONTEXT(config.net << " " << config.strategy) {
    Loss loss(config, dataset);
    const Vector gradient = loss.gradient();
    const double typical = std::sqrt(reference::dot(gradient, gradient) / 3);
    const double h = config.strategy == "direct" ? 1e-5 : 3e-5;  // weights are 0.1 where z is 1
    for (int i = 1; i <= directions; ++i) {
      const Vector v = reference::uniform(gradient.size(), static_cast<std::uint64_t>(i));
      const double found = (loss.at(v, h) - loss.at(v, -h)) / (2 * h);
      const double off = (found - reference::dot(gradient, v)) / typical;
      BOOST_TEST_MESSAGE(config.net << " " << config.strategy << ": off by " << off);
      BOOST_TEST(std::abs(off) <= 0.06);
    }
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(of_an_lstm) {
  const ToySeries data(24 * 4);
  for (const char* strategy : kStrategies) {
    RunConfig c = toy_run("lstm", data.dataset, strategy);
    c.batch = 32;
    check_gradient(c, data.dataset);
  }
}

BOOST_AUTO_TEST_CASE(of_a_u_net) {
  const ToyPictures data(16, 4, 1);
  for (const char* strategy : kStrategies) {
    RunConfig c = toy_run("cnn3", data.dataset, strategy);
    c.batch = 4;
    check_gradient(c, data.dataset, testing_emulated() ? 1 : 3);
  }
}

BOOST_AUTO_TEST_CASE(of_a_resnet) {
  if (testing_emulated()) return;
  const ToyCifar data(6, 5);
  for (const char* strategy : {"slvt", "lwt"}) {
    RunConfig c = toy_run("resnet18-cifar", data.dataset, strategy);
    c.batch = 6;
    check_gradient(c, data.dataset, 2);
  }
}
