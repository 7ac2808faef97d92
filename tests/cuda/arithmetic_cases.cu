#include <stdexcept>

#include "cuda/arithmetic_cases.hpp"

namespace mapnet::test {

namespace {

__global__ void arithmetic_kernel(float* out, std::size_t cases) {
  const std::size_t i = blockIdx.x * static_cast<std::size_t>(blockDim.x) + threadIdx.x;
  if (i >= cases) return;
  arithmetic_case(i, out + i * kResultsPerCase);
}

void check(cudaError_t status, const char* what) {
  if (status != cudaSuccess)
    throw std::runtime_error(std::string(what) + ": " + cudaGetErrorString(status));
}

}  // namespace

std::string device_missing() {
  int devices = 0;
  const cudaError_t status = cudaGetDeviceCount(&devices);
  if (status != cudaSuccess) return cudaGetErrorString(status);
  return devices == 0 ? "no CUDA device" : "";
}

std::vector<float> arithmetic_on_device(std::size_t cases) {
  std::vector<float> results(cases * kResultsPerCase);
  float* out = nullptr;
  check(cudaMalloc(&out, results.size() * sizeof(float)), "cudaMalloc");
  arithmetic_kernel<<<static_cast<unsigned>((cases + 255) / 256), 256>>>(out, cases);
  check(cudaGetLastError(), "launch");
  check(cudaMemcpy(results.data(), out, results.size() * sizeof(float), cudaMemcpyDeviceToHost),
        "cudaMemcpy");
  check(cudaFree(out), "cudaFree");
  return results;
}

}  // namespace mapnet::test
