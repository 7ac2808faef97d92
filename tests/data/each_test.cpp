#include "data/each.hpp"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <vector>

#include "common/temporary.hpp"

using namespace mapnet;
using namespace mapnet::test;

BOOST_AUTO_TEST_SUITE(each)

BOOST_AUTO_TEST_CASE(every_one_is_done_once) {
  for (const int threads : {1, 2, 5}) {
    std::vector<int> done(1000);
    each_of(done.size(), threads, [&](std::size_t i) { ++done[i]; });
    for (const int times : done) BOOST_TEST(times == 1);
  }
  each_of(0, 3, [](std::size_t) { BOOST_ERROR("there is none"); });
}

BOOST_AUTO_TEST_CASE(the_lowest_that_fails_is_the_error) {
  for (const int threads : {1, 2, 5}) {
    std::atomic<std::size_t> begun = 0;
    const auto run = [&](std::size_t i) {
      ++begun;
      if (i >= 40) fail("number {}", i);
    };
    check_fails([&] { each_of(100000, threads, run); }, {"number 40"});
    BOOST_TEST(begun < 100000u);
  }
}

BOOST_AUTO_TEST_SUITE_END()
