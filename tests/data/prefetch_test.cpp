#include "data/prefetch.hpp"

#include <algorithm>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <numeric>
#include <vector>

#include "common/temporary.hpp"
#include "data/image.hpp"

using namespace mapnet;
using namespace mapnet::test;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kSlotBytes = 16;

/// A job fills its slot with its number.
void fill(std::uint32_t job, std::span<std::uint8_t> slot) {
  std::ranges::fill(slot, static_cast<std::uint8_t>(job));
}

/// Jobs n - 1 down to 0.
std::vector<std::uint32_t> downwards(std::uint32_t n) {
  std::vector<std::uint32_t> jobs(n);
  std::iota(jobs.rbegin(), jobs.rend(), 0u);
  return jobs;
}

bool holds(std::span<const std::uint8_t> slot, std::uint32_t job) {
  return slot.size() == kSlotBytes && std::ranges::count(slot, static_cast<std::uint8_t>(job)) ==
                                          static_cast<std::ptrdiff_t>(kSlotBytes);
}

/// Waits until `done`, a second at most.
template <class Done>
bool soon(Done done) {
  for (int i = 0; i < 1000 && !done(); ++i) std::this_thread::sleep_for(1ms);
  return done();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(prefetch)

BOOST_AUTO_TEST_CASE(jobs_come_in_their_order_through_few_slots) {
  const std::vector<std::uint32_t> jobs = downwards(200);
  for (const std::size_t slots : {1, 2, 3}) {
    std::vector<std::uint8_t> memory(slots * kSlotBytes);
    Prefetcher prefetcher(memory, slots, fill);
    for (int epoch = 0; epoch < 2; ++epoch) {
      prefetcher.begin(jobs);
      for (const std::uint32_t job : jobs) {
        const std::span<const std::uint8_t> slot = prefetcher.next();
        std::this_thread::yield();  // the slot stays what it is while it is used
        BOOST_TEST(holds(slot, job));
      }
      check_fails([&] { prefetcher.next(); }, {"all 200 jobs are taken"});
    }
  }
}

BOOST_AUTO_TEST_CASE(it_runs_ahead_as_far_as_there_are_slots) {
  const std::vector<std::uint32_t> jobs = downwards(10);
  std::vector<std::uint8_t> memory(3 * kSlotBytes);
  std::atomic<int> done = 0;
  Prefetcher prefetcher(memory, 3, [&](std::uint32_t job, std::span<std::uint8_t> slot) {
    fill(job, slot);
    ++done;
  });
  prefetcher.begin(jobs);
  BOOST_TEST(soon([&] { return done == 3; }));
  std::this_thread::sleep_for(5ms);
  BOOST_TEST(done == 3);  // no slot is left
  BOOST_TEST(holds(prefetcher.next(), 9));
  std::this_thread::sleep_for(5ms);
  BOOST_TEST(done == 3);  // the first one is in use
  BOOST_TEST(holds(prefetcher.next(), 8));
  BOOST_TEST(soon([&] { return done == 4; }));
}

BOOST_AUTO_TEST_CASE(only_waiting_for_what_is_not_ready_is_counted) {
  const std::vector<std::uint32_t> jobs = downwards(2);
  std::vector<std::uint8_t> memory(2 * kSlotBytes);
  std::atomic<int> done = 0;
  Prefetcher prefetcher(memory, 2, [&](std::uint32_t job, std::span<std::uint8_t> slot) {
    if (job == 0) std::this_thread::sleep_for(100ms);
    fill(job, slot);
    ++done;
  });
  prefetcher.begin(jobs);
  BOOST_REQUIRE(soon([&] { return done == 2; }));
  std::this_thread::sleep_for(5ms);
  prefetcher.next(), prefetcher.next();
  BOOST_TEST(prefetcher.waited_seconds() < 0.005);
  BOOST_TEST(prefetcher.decode_seconds() >= 0.1);
  prefetcher.begin(jobs);
  prefetcher.next(), prefetcher.next();
  BOOST_TEST(prefetcher.waited_seconds() > 0.01);
}

BOOST_FIXTURE_TEST_CASE(an_error_arrives_at_its_jobs_place_and_names_the_file, Folder) {
  const std::string broken = write("broken.png", "no image").string();
  const std::vector<std::uint32_t> jobs = downwards(5);
  std::vector<std::uint8_t> memory(4 * kSlotBytes);
  Prefetcher prefetcher(memory, 4, [&](std::uint32_t job, std::span<std::uint8_t> slot) {
    if (job == 2) read_image(broken, 3);
    fill(job, slot);
  });
  for (int again = 0; again < 2; ++again) {
    prefetcher.begin(jobs);
    BOOST_TEST(holds(prefetcher.next(), 4));
    BOOST_TEST(holds(prefetcher.next(), 3));
    check_fails([&] { prefetcher.next(); }, {broken, "JPEG or PNG"});
    check_fails([&] { prefetcher.next(); }, {broken, "JPEG or PNG"});
  }
}

BOOST_AUTO_TEST_CASE(a_new_list_takes_the_place_of_the_old_one) {
  const std::vector<std::uint32_t> first = downwards(50), second = {7, 7, 9};
  std::vector<std::uint8_t> memory(2 * kSlotBytes);
  Prefetcher prefetcher(memory, 2, fill);
  for (int again = 0; again < 200; ++again) {
    prefetcher.begin(first);
    if (again % 2) prefetcher.next();
    prefetcher.begin(second);
    for (const std::uint32_t job : second) BOOST_TEST(holds(prefetcher.next(), job));
  }
}

BOOST_AUTO_TEST_CASE(it_may_go_at_any_time) {
  const std::vector<std::uint32_t> jobs = downwards(50);
  std::vector<std::uint8_t> memory(2 * kSlotBytes);
  std::atomic<int> done = 0;
  const auto slow = [&](std::uint32_t job, std::span<std::uint8_t> slot) {
    std::this_thread::sleep_for(1ms);
    fill(job, slot);
    ++done;
  };
  { const Prefetcher idle(memory, 2, slow); }
  for (int taken = 0; taken < 4; ++taken) {
    Prefetcher prefetcher(memory, 2, slow);
    prefetcher.begin(jobs);
    for (int i = 0; i < taken; ++i) prefetcher.next();
  }
  const int after = done;
  std::this_thread::sleep_for(5ms);
  BOOST_TEST(done == after);  // nothing runs on
  BOOST_TEST(after <= 4 * 6);
}

BOOST_AUTO_TEST_CASE(slots_must_share_the_memory_equally) {
  std::vector<std::uint8_t> memory(10);
  check_fails([&] { Prefetcher(memory, 0, fill); }, {"10 bytes for 0"});
  check_fails([&] { Prefetcher(memory, 3, fill); }, {"equal slots", "10 bytes for 3"});
}

BOOST_AUTO_TEST_SUITE_END()
