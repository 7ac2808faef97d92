#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <iostream>

#include "common/test_device.hpp"

namespace {

/// Ends a program that is to test the GPU where there is none, in the way CTest counts as skipped.
struct SkipWithoutGpu {
  SkipWithoutGpu() {
    if (!mapnet::test::testing_cuda()) return;
    const std::string why = mapnet::cuda_missing();
    if (why.empty()) return;
    std::cout << "skipped: " << why << std::endl;
    std::_Exit(77);
  }
};

}  // namespace

BOOST_TEST_GLOBAL_FIXTURE(SkipWithoutGpu);
