#define BOOST_TEST_MODULE mapnet
#include <boost/test/unit_test.hpp>

#include "common/chosen_device.hpp"

bool mapnet::test::testing_emulated() {
#ifdef MAPNET_CUDA_EMULATED
  return testing_cuda();
#else
  return false;
#endif
}
