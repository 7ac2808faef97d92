#include "cli/threads.hpp"

#include <boost/test/unit_test.hpp>

#include "cli/program.hpp"
#include "common/one_processor.hpp"
#include "common/processors.hpp"

/// How many threads a run takes when nobody says how many.
using namespace mapnet;
using namespace mapnet::test;

// Spinning threads that share a processor make a step 25 times as long and more.
BOOST_AUTO_TEST_CASE(a_program_that_is_bound_to_one_processor_takes_one_thread) {
  const OneProcessor one;
  check_outcome("bench --data noise-1x28x28x10 --batch 8 --steps 1 --warm-up 0 --device cpu --json",
                0, {", 1 thread)\""});
}

BOOST_AUTO_TEST_CASE(processes_share_the_processors_that_they_have_together) {
  BOOST_TEST(threads_of_one(1, 8) == 0);  // all
  BOOST_TEST(threads_of_one(2, 2) == 1);
  BOOST_TEST(threads_of_one(4, 2) == 1);  // two to a processor
  // Never more than this process may run on.
  BOOST_TEST(threads_of_one(2, 2 * usable_processors()) == usable_processors());
  BOOST_TEST(threads_of_one(2, 1000000) == usable_processors());
}
