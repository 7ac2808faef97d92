#pragma once

#include <cstdlib>
#include <string_view>

/// The device that tests written for any device run on: the CPU, or with MAPNET_TEST_DEVICE=cuda
/// the GPU (CTest runs such a program once for each).
namespace mapnet::test {

inline bool testing_cuda() {
  const char* name = std::getenv("MAPNET_TEST_DEVICE");
  return name && std::string_view(name) == "cuda";
}

/// On an emulated GPU each thread runs in turn: what is large is left to a real one. Defined in
/// main.cpp, so that a test reads the same for every kind of GPU and a compiler cache has it.
bool testing_emulated();

}  // namespace mapnet::test
