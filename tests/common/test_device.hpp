#pragma once

#include <cstdlib>
#include <string_view>

#include "device/device.hpp"

/// The device that tests written for any device run on: the CPU, or with MAPNET_TEST_DEVICE=cuda
/// the GPU (CTest runs such a program once for each).
namespace mapnet::test {

inline bool testing_cuda() {
  const char* name = std::getenv("MAPNET_TEST_DEVICE");
  return name && std::string_view(name) == "cuda";
}

/// On an emulated GPU each thread runs in turn: what is large is left to a real one.
inline bool testing_emulated() {
#ifdef MAPNET_CUDA_EMULATED
  return testing_cuda();
#else
  return false;
#endif
}

inline std::shared_ptr<Device> test_device(int cpu_threads) {
  return testing_cuda() ? open_cuda(FastMath::off) : open_cpu(cpu_threads);
}

}  // namespace mapnet::test
