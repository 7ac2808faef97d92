#include "train/pruning.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

#include "device/ops/prune.hpp"
#include "train/recipes.hpp"
#include "train/session.hpp"
#include "train/toy_data.hpp"

using namespace mapnet;
using namespace mapnet::test;

namespace {

std::size_t zeros(std::span<const float> values) {
  return static_cast<std::size_t>(std::count(values.begin(), values.end(), 0.0f));
}

std::vector<float> normals(std::size_t n) {
  const reference::Vector draws = reference::uniform(n, 3);
  return {draws.begin(), draws.end()};
}

std::vector<bool> kept(std::span<const float> theta, const Network& net, const Pruning& pruning) {
  const auto bits = pruned_bits(theta, net, pruning);
  std::vector<bool> stays;
  for (std::size_t j = 0; j < theta.size(); ++j) stays.push_back(!is_pruned(bits.data(), j));
  return stays;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_smallest_magnitudes_go_and_of_equal_ones_the_last) {
  const Network net =
      make_network("small", Task::classify, {1, 1, 1, 3}, {linear("a", 2), linear("b", 3)});
  // a.weight [2], a.bias [2], b.weight [6], b.bias [3]
  const std::vector<float> theta = {1, -9, 2, 0, -1, 1, 5, -5, 5, 0.5f, 3, -1, 1};
  const auto check = [&](const Pruning& pruning, const std::vector<bool>& want) {
    BOOST_TEST((kept(theta, net, pruning) == want));
  };
  check({0.5, PruneScope::global, 0.5}, {1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 1, 0, 0});
  check({0.5, PruneScope::tensor, 0.5}, {0, 1, 1, 0, 0, 0, 1, 1, 1, 0, 1, 1, 0});
  std::vector<float> broken = theta;
  broken[3] = std::nanf("");  // not a reason to hang or to keep another number of values
  const std::vector<bool> stays = kept(broken, net, {0.9, PruneScope::global, 0.5});
  BOOST_TEST(std::count(stays.begin(), stays.end(), true) == 1);
  BOOST_TEST(stays[3]);
}

BOOST_AUTO_TEST_CASE(ninety_percent_of_cnn2_leave_10862) {
  const Network net = network("cnn2");
  const std::vector<float> theta = normals(net.param_count());
  for (const PruneScope scope : {PruneScope::global, PruneScope::tensor}) {
    const std::vector<bool> stays = kept(theta, net, {0.9, scope, 0.5});
    BOOST_TEST(std::count(stays.begin(), stays.end(), true) == 10862);
  }
}

BOOST_AUTO_TEST_CASE(what_is_pruned_stays_zero_while_the_rest_is_trained) {
  const ToyData data(90, 20);  // six steps an epoch
  for (const char* strategy : {"direct", "slvt", "lwt"}) {
    RunConfig config = small_run(strategy);
    config.epochs = 2;
    config.add_ons.prune = 0.9;
    config.add_ons.prune_at = 0.25;  // in the middle of the first epoch
    const Network net = network("cnn2");
    Session session(recipe_of(config), net, data.dataset, Purpose::train);
    const auto theta = [&] {
      session.expand();
      return session.theta();
    };
    session.begin_epoch(0);
    for (int step = 0; step < 3; ++step) {
      session.prune_if_due(step);
      session.train_step(step);
    }
    BOOST_TEST(session.pruned().empty());
    const std::vector<float> before = theta();
    BOOST_TEST(zeros(before) == 0u);
    session.prune_if_due(3);
    BOOST_REQUIRE(!session.pruned().empty());
    const std::vector<float> pruned = theta();
    BOOST_TEST(zeros(pruned) == 108618u - 10862u);
    float smallest_kept = 1e9f, largest_pruned = 0;
    for (std::size_t j = 0; j < pruned.size(); ++j)
      if (pruned[j] != 0) {
        BOOST_REQUIRE(pruned[j] == before[j]);
        smallest_kept = std::min(smallest_kept, std::abs(before[j]));
      } else {
        largest_pruned = std::max(largest_pruned, std::abs(before[j]));
      }
    BOOST_TEST(largest_pruned <= smallest_kept);
    const auto bits = session.pruned();
    session.train_step(3);
    session.train_epoch(1);
    BOOST_TEST((session.pruned() == bits));  // once
    const std::vector<float> after = theta();
    std::size_t moved = 0, grown = 0;
    for (std::size_t j = 0; j < after.size(); ++j)
      (pruned[j] == 0 ? grown : moved) += after[j] != pruned[j];
    BOOST_TEST(grown == 0u, strategy << ": " << grown << " pruned values grew again");
    // Units that no image excites have no gradient.
    BOOST_TEST(moved > 10862u / 2, strategy << ": only " << moved << " values were fine-tuned");
  }
}

BOOST_AUTO_TEST_CASE(a_pruning_that_has_not_happened_changes_no_bit) {
  const ToyData data(90, 20);
  const auto values = [&](bool with_mask) {
    RunConfig config = small_run("slvt");
    if (with_mask) config.add_ons.prune = 0.9, config.add_ons.prune_at = 1;
    Session session(recipe_of(config), network("cnn2"), data.dataset, Purpose::train);
    session.train_epoch(0);
    BOOST_TEST(session.pruned().empty());
    return session.values();
  };
  BOOST_TEST((values(true) == values(false)));
}
