#pragma once

#include "common/chosen_device.hpp"
#include "device/device.hpp"

namespace mapnet::test {

inline std::shared_ptr<Device> test_device(int cpu_threads) {
  return testing_cuda() ? open_cuda(FastMath::off) : open_cpu(cpu_threads);
}

}  // namespace mapnet::test
