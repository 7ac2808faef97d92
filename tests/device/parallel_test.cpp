#include "device/cpu/parallel.hpp"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <string>

#include "common/temporary.hpp"

using namespace mapnet;
using namespace mapnet::cpu;
using mapnet::test::check_fails;

BOOST_AUTO_TEST_CASE(each_task_runs_once) {
  for (const int threads : {1, 2, 5}) {
    std::atomic<int> sum = 0;
    parallel_for(100, threads, [&](int i) { sum += i; });
    BOOST_TEST(sum.load() == 4950);
  }
}

// A file that cannot be read, in the middle of a step.
BOOST_AUTO_TEST_CASE(what_a_task_throws_is_the_callers_to_catch) {
  for (const int threads : {1, 2, 5})
    for (const int failing : {0, 57, 99})
      check_fails(
          [&] {
            parallel_for(100, threads, [&](int i) {
              if (i == failing) fail("task {} failed", i);
            });
          },
          {"task " + std::to_string(failing) + " failed"});
}

BOOST_AUTO_TEST_CASE(of_several_that_throw_the_first_is_heard) {
  const auto fail_from = [](int first, int i) {
    if (i >= first) fail("task {} failed", i);
  };
  for (const int first : {0, 40, 90})
    check_fails([&] { parallel_for(100, 4, [&](int i) { fail_from(first, i); }); },
                {"task " + std::to_string(first) + " failed"});
  int after = 0;  // the next region is not disturbed
  parallel_for(1, 4, [&](int) { ++after; });
  BOOST_TEST(after == 1);
}
