#pragma once

#include <sched.h>

#include <boost/test/unit_test.hpp>

namespace mapnet::test {

/// This thread, and the processes it starts, run on one processor while this lives, as under
/// `taskset` or an mpirun that binds its ranks.
class OneProcessor {
 public:
  OneProcessor() {
    BOOST_REQUIRE(::sched_getaffinity(0, sizeof before_, &before_) == 0);
    int first = 0;
    while (!CPU_ISSET(first, &before_)) ++first;
    ::cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    BOOST_REQUIRE(::sched_setaffinity(0, sizeof one, &one) == 0);
  }
  ~OneProcessor() { ::sched_setaffinity(0, sizeof before_, &before_); }
  OneProcessor(const OneProcessor&) = delete;
  OneProcessor& operator=(const OneProcessor&) = delete;

 private:
  ::cpu_set_t before_{};
};

}  // namespace mapnet::test
