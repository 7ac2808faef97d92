#include <boost/test/unit_test.hpp>

#include "common/error.hpp"
#include "common/temporary.hpp"
#include "device/cuda/gpu.hpp"
#include "emulation/emulation.hpp"

/// Which of a machine's GPUs are used.
using namespace mapnet;
using namespace mapnet::test;

namespace {

/// Emulated GPUs of these compute capabilities, for a while.
struct Machine {
  explicit Machine(std::vector<int> capabilities) {
    emulation::set_devices(std::move(capabilities));
  }
  ~Machine() {
    emulation::set_devices({90});
    cudaSetDevice(0);
  }
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;
};

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_CASE(gpus_that_are_too_old_are_passed_over) {
  const Machine machine({61, 90, 75});
  BOOST_TEST(cuda_missing() == "");
  const char* const capabilities[] = {"9.0", "7.5", "9.0", "7.5"};
  for (int process = 0; process < 4; ++process) {
    const auto gpu = open_cuda(FastMath::off, process);
    BOOST_TEST(has(gpu->description(), capabilities[process]), gpu->description());
    gpu->allocate(256)->wait();  // it works
  }
}

BOOST_AUTO_TEST_CASE(where_all_are_too_old_each_is_named) {
  const Machine machine({61, 52});
  for (const char* part : {"GPU 0", "6.1", "GPU 1", "5.2", "7.5 or later"})
    BOOST_TEST(has(cuda_missing(), part), cuda_missing());
  check_fails([] { open_cuda(FastMath::off); }, {"6.1", "--device cpu"});
}

BOOST_AUTO_TEST_CASE(a_machine_without_a_gpu_says_so) {
  const Machine machine({});
  BOOST_TEST(!cuda_missing().empty());
  BOOST_CHECK_THROW(open_cuda(FastMath::off), Error);
}
