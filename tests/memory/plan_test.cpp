#include "memory/plan.hpp"

#include <boost/test/unit_test.hpp>
#include <limits>

#include "common/error.hpp"
#include "memory/lifetimes.hpp"

using namespace mapnet;
using mapnet::test::flaw;

namespace {

using Offsets = std::vector<std::size_t>;

Lifetime buffer(std::string name, std::size_t bytes, int first, int last,
                std::size_t alignment = kArenaAlignment) {
  return {std::move(name), "test", bytes, alignment, first, last};
}

// Whether `make` throws an Error that holds all the words.
template <class Make>
void check_fails(Make make, const std::vector<std::string>& words) {
  BOOST_CHECK_EXCEPTION(make(), Error, [&](const Error& e) {
    const std::string what = e.what();
    return std::all_of(words.begin(), words.end(),
                       [&](const std::string& w) { return what.find(w) != std::string::npos; });
  });
}

}  // namespace

BOOST_AUTO_TEST_CASE(nothing_needs_nothing) {
  const Plan plan = plan_arena({});
  BOOST_TEST(plan.total == 0u);
  BOOST_TEST(plan.lower_bound == 0u);
  BOOST_TEST(plan_arena_without_reuse({}).total == 0u);
}

BOOST_AUTO_TEST_CASE(buffers_live_at_different_steps_share_their_bytes) {
  const Plan plan = plan_arena({buffer("a", 128, 0, 1), buffer("b", 64, 2, 3)});
  BOOST_TEST(plan.offsets == (Offsets{0, 0}), boost::test_tools::per_element());
  BOOST_TEST(plan.total == 128u);
}

BOOST_AUTO_TEST_CASE(the_last_step_of_one_is_not_free_for_the_first_of_another) {
  const Plan plan = plan_arena({buffer("a", 64, 0, 1), buffer("b", 64, 1, 2)});
  BOOST_TEST(plan.total == 128u);
  BOOST_TEST(flaw(plan) == "");
}

// step     0 1 2 3 4 5
// outer    a a a a a a   held throughout: the bottom
// middle     b b b b     the longest of the rest: on top of it
// inner        c c       on top of that
// scratch          d     where c was
BOOST_AUTO_TEST_CASE(nested_lifetimes_pile_up_without_a_gap) {
  const Plan plan = plan_arena({buffer("c", 192, 2, 3), buffer("d", 64, 4, 4),
                                buffer("b", 128, 1, 4), buffer("a", 256, 0, 5)});
  BOOST_TEST(plan.offsets == (Offsets{384, 384, 256, 0}), boost::test_tools::per_element());
  BOOST_TEST(plan.total == 576u);
  BOOST_TEST(plan.lower_bound == 576u);
}

// A chain in which each overlaps only the next, as gradients do: two places are enough.
BOOST_AUTO_TEST_CASE(a_chain_takes_turns_between_two_places) {
  std::vector<Lifetime> chain;
  for (int i = 0; i < 20; ++i) chain.push_back(buffer(std::to_string(i), 64, i, i + 1));
  BOOST_TEST(plan_arena(chain).total == 128u);
  BOOST_TEST(plan_arena_without_reuse(chain).total == 20u * 64u);
}

BOOST_AUTO_TEST_CASE(sizes_are_rounded_up_to_the_arena_alignment) {
  const std::vector<Lifetime> buffers = {buffer("a", 1, 0, 1), buffer("b", 65, 0, 0)};
  BOOST_TEST(arena_lower_bound(buffers) == 64u + 128u);
  BOOST_TEST(plan_arena(buffers).total == 64u + 128u);
}

BOOST_AUTO_TEST_CASE(alignments_are_kept_and_never_fall_below_the_arenas) {
  const std::vector<Lifetime> buffers = {buffer("a", 64, 0, 2), buffer("b", 100, 0, 1, 4096),
                                         buffer("c", 10, 1, 2, 1), buffer("d", 64, 0, 2, 1024),
                                         buffer("e", 300, 2, 2, 256)};
  for (const Plan& plan : {plan_arena(buffers), plan_arena_without_reuse(buffers)}) {
    BOOST_TEST(flaw(plan) == "");
    BOOST_TEST(plan.lower_bound == 64u + 64u + 64u + 320u);
  }
}

BOOST_AUTO_TEST_CASE(empty_buffers_lie_at_zero_and_take_no_room) {
  const Plan plan = plan_arena(
      {buffer("full", 64, 0, 9), buffer("empty", 0, 0, 9, 4096), buffer("gone", 0, 3, 4)});
  BOOST_TEST(plan.offsets == (Offsets{0, 0, 0}), boost::test_tools::per_element());
  BOOST_TEST(plan.total == 64u);
  BOOST_TEST(plan_arena({buffer("empty", 0, 0, 0)}).total == 0u);
}

BOOST_AUTO_TEST_CASE(steps_may_reach_the_ends_of_an_int) {
  constexpr int lo = std::numeric_limits<int>::min(), hi = std::numeric_limits<int>::max();
  const Plan plan = plan_arena(
      {buffer("all", 64, lo, hi), buffer("early", 64, lo, -1), buffer("late", 64, 0, hi)});
  BOOST_TEST(plan.total == 128u);
}

BOOST_AUTO_TEST_CASE(malformed_lifetimes_are_named) {
  const std::vector<Lifetime> backwards = {buffer("fine", 64, 0, 1), buffer("backwards", 64, 7, 5)};
  check_fails([&] { plan_arena(backwards); }, {"backwards", "7", "5"});
  check_fails([&] { plan_arena_without_reuse(backwards); }, {"backwards"});
  check_fails([&] { arena_lower_bound(backwards); }, {"backwards"});
  for (const std::size_t odd : {std::size_t{0}, std::size_t{96}})
    check_fails([&] { plan_arena({buffer("crooked", 64, 0, 1, odd)}); },
                {"crooked", "power of two", std::to_string(odd)});
}

BOOST_AUTO_TEST_CASE(sums_that_overflow_an_address_are_refused) {
  constexpr std::size_t half = std::numeric_limits<std::size_t>::max() / 2;
  check_fails([&] { plan_arena({buffer("one", half, 0, 0), buffer("two", half, 0, 0)}); }, {"two"});
  check_fails([&] { plan_arena({buffer("huge", 2 * half + 1, 0, 0)}); }, {"huge"});
}

BOOST_AUTO_TEST_CASE(without_reuse_each_buffer_follows_the_one_before) {
  const Plan plan = plan_arena_without_reuse(
      {buffer("a", 100, 0, 0), buffer("b", 0, 0, 5), buffer("c", 64, 4, 5), buffer("d", 1, 9, 9)});
  BOOST_TEST(plan.offsets == (Offsets{0, 0, 128, 192}), boost::test_tools::per_element());
  BOOST_TEST(plan.total == 256u);
  BOOST_TEST(plan.lower_bound == 128u);
}
