#include "common/processors.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>

#include "common/one_processor.hpp"

using namespace mapnet;

// In a process of its own: the system is asked once.
BOOST_AUTO_TEST_CASE(a_process_that_is_bound_to_one_processor_has_one) {
  const ::pid_t bound = ::fork();
  BOOST_REQUIRE(bound >= 0);
  if (bound == 0) {
    const test::OneProcessor one;
    ::_exit(usable_processors());
  }
  int status = 0;
  BOOST_REQUIRE(::waitpid(bound, &status, 0) == bound);
  BOOST_TEST(WIFEXITED(status));
  BOOST_TEST(WEXITSTATUS(status) == 1);
}
