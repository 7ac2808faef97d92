// How close to the lower bound the planner comes, on thousands of lists of lifetimes made from
// seeds. The planner counts rounds and not seconds, so the figures here are the same on every
// machine.

#include <boost/test/unit_test.hpp>
#include <numeric>

#include "memory/greedy_by_size.hpp"
#include "memory/lifetimes.hpp"
#include "memory/placement.hpp"
#include "memory/plan.hpp"

using namespace mapnet;
using mapnet::test::flaw;
using mapnet::test::greedy_by_size;
using mapnet::test::RandomLifetimes;

namespace {

struct Quality {
  int plans = 0, at_bound = 0;
  double sum = 0, worst = 1;

  void add(const Plan& plan) {
    BOOST_REQUIRE_EQUAL(flaw(plan), "");
    const double ratio = test::ratio(plan);
    ++plans;
    at_bound += plan.total == plan.lower_bound;
    sum += ratio;
    worst = std::max(worst, ratio);
  }
  double mean() const { return sum / plans; }
  void print(const char* what) const {
    BOOST_TEST_MESSAGE(what << ": " << plans << " plans, " << at_bound
                            << " at the lower bound, mean ratio " << mean() << ", worst " << worst);
  }
};

// The best that first fit makes of any order, which is the optimum (see placement.hpp).
std::size_t optimum(const std::vector<Lifetime>& buffers) {
  std::vector<Block> blocks;
  for (const Lifetime& b : buffers)
    blocks.push_back({round_up(b.bytes, kArenaAlignment), std::max(b.alignment, kArenaAlignment),
                      b.first, b.last});
  std::vector<std::size_t> order(blocks.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::size_t best = first_fit(blocks, order, 0)->total;
  while (std::next_permutation(order.begin(), order.end()))
    if (const auto plan = first_fit(blocks, order, 0, best)) best = plan->total;
  return best;
}

}  // namespace

// The promise is 1.05 for each. Nested lifetimes have a plan without waste, and away from the peak
// there is room to spare: measured 97 of 100 at the bound itself, mean 1.0001, worst 1.014.
BOOST_AUTO_TEST_CASE(training_steps_come_within_five_percent_of_the_bound) {
  RandomLifetimes random(1);
  Quality quality;
  for (int i = 0; i < 1000; ++i)
    quality.add(plan_arena(random.training_step(random.between(1, 40))));
  quality.print("training steps");
  BOOST_TEST(quality.worst <= 1.05);
  BOOST_TEST(quality.mean() <= 1.0005);
  BOOST_TEST(quality.at_bound >= 950);
}

// Nothing promises a plan without waste here: measured 99 of 100 at the bound all the same, worst
// 1.002.
BOOST_AUTO_TEST_CASE(any_lifetimes_come_close_to_the_bound) {
  RandomLifetimes random(2);
  Quality quality;
  for (int i = 0; i < 1000; ++i) {
    const int steps = random.between(1, 100);
    quality.add(plan_arena(random.any(random.between(1, 150), steps, random.between(1, steps))));
  }
  quality.print("any lifetimes");
  BOOST_TEST(quality.worst <= 1.02);
  BOOST_TEST(quality.mean() <= 1.0001);
  BOOST_TEST(quality.at_bound >= 980);
}

BOOST_AUTO_TEST_CASE(small_plans_are_optimal) {
  RandomLifetimes random(3);
  for (int i = 0; i < 300; ++i) {
    const auto buffers = random.any(random.between(1, 6), 8, 5);
    BOOST_TEST(plan_arena(buffers).total == optimum(buffers));
  }
}

// Three buffers by hand: the largest at the bottom, the next above it, the last in the gap that the
// first leaves.
BOOST_AUTO_TEST_CASE(greedy_by_size_fills_the_lowest_gap) {
  const auto buffer = [](std::size_t units, int first, int last) {
    return Lifetime{"b", "g", 64 * units, 64, first, last};
  };
  BOOST_TEST(greedy_by_size({buffer(4, 0, 1), buffer(3, 1, 3), buffer(2, 2, 3)}) == 64u * 7);
  BOOST_TEST(greedy_by_size({buffer(1, 0, 0), buffer(1, 1, 1)}) == 64u);
  BOOST_TEST(greedy_by_size({}) == 0u);
}

// Measured: 1.6% above the lower bound on average where ours is at 0.001%, and 24% at worst.
BOOST_AUTO_TEST_CASE(plans_are_no_larger_than_greedy_by_size) {
  RandomLifetimes random(6);
  double ours = 0, greedy = 0, worst = 0;
  constexpr int kPlans = 500;
  for (int i = 0; i < kPlans; ++i) {
    const auto buffers = i % 2 ? random.training_step(random.between(1, 40))
                               : random.any(random.between(1, 100), 60, 30);
    const Plan plan = plan_arena(buffers);
    const std::size_t other = greedy_by_size(buffers);
    BOOST_TEST(plan.total <= other);
    const auto bound = static_cast<double>(plan.lower_bound);
    ours += static_cast<double>(plan.total) / bound;
    greedy += static_cast<double>(other) / bound;
    worst = std::max(worst, static_cast<double>(other) / bound);
  }
  BOOST_TEST_MESSAGE("of the lower bound: ours " << ours / kPlans << ", greedy by size "
                                                 << greedy / kPlans << ", at worst " << worst);
  BOOST_TEST(ours < greedy);
}

// A trap: walked into from any greedy order, sideways steps alone never lead out of eleven units.
BOOST_AUTO_TEST_CASE(a_walk_without_a_way_out_is_not_the_end) {
  const auto buffer = [](std::size_t units, int first, int last) {
    return Lifetime{"b", "g", 64 * units, 64, first, last};
  };
  const std::vector<Lifetime> buffers = {buffer(4, 5, 7), buffer(3, 4, 5), buffer(3, 3, 5),
                                         buffer(4, 6, 8), buffer(4, 2, 3), buffer(4, 2, 2),
                                         buffer(1, 6, 6), buffer(2, 0, 4)};
  BOOST_TEST(plan_arena(buffers).total == 64u * 10);
  BOOST_TEST(optimum(buffers) == 64u * 10);
}

BOOST_AUTO_TEST_CASE(mixed_alignments_and_empty_buffers_stay_sound) {
  RandomLifetimes random(4);
  for (int i = 0; i < 300; ++i) {
    auto buffers = random.any(random.between(1, 40), 20, 10);
    for (Lifetime& b : buffers) {
      b.alignment = std::size_t{1} << random.between(0, 12);
      if (random.between(0, 4) == 0) b.bytes = 0;
    }
    BOOST_REQUIRE_EQUAL(flaw(plan_arena(buffers)), "");
    BOOST_REQUIRE_EQUAL(flaw(plan_arena_without_reuse(buffers)), "");
  }
}

BOOST_AUTO_TEST_CASE(the_same_list_gives_the_same_plan) {
  RandomLifetimes random(5);
  for (int i = 0; i < 20; ++i) {
    const auto buffers = random.any(60, 40, 10);
    const Plan one = plan_arena(buffers), two = plan_arena(buffers);
    BOOST_TEST(one.offsets == two.offsets, boost::test_tools::per_element());
    BOOST_TEST(one.total == two.total);
  }
}
