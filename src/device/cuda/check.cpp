#include "device/cuda/check.hpp"

#include "common/error.hpp"

namespace mapnet::cuda {

void fail_call(cudaError_t status, const char* call, const char* file, int line) {
  fail("CUDA: {} at {}:{}: {}", call, file, line, cudaGetErrorString(status));
}

}  // namespace mapnet::cuda
