#include "cuda/arithmetic_cases.hpp"
#include "device/cuda/launch.hpp"

namespace mapnet::test {

namespace {

__global__ void arithmetic_kernel(float* out, std::size_t cases) {
  const std::size_t i = blockIdx.x * static_cast<std::size_t>(blockDim.x) + threadIdx.x;
  if (i >= cases) return;
  arithmetic_case(i, out + i * kResultsPerCase);
}

}  // namespace

std::vector<float> arithmetic_on_device(std::size_t cases) {
  std::vector<float> results(cases * kResultsPerCase);
  const std::size_t bytes = results.size() * sizeof(float);
  float* out = nullptr;
  MAPNET_CUDA(cudaMalloc(reinterpret_cast<void**>(&out), bytes));
  cuda::launch(nullptr, cuda::blocks_for(cases, 256), 256, arithmetic_kernel, out, cases);
  MAPNET_CUDA(cudaMemcpy(results.data(), out, bytes, cudaMemcpyDeviceToHost));
  MAPNET_CUDA(cudaFree(out));
  return results;
}

}  // namespace mapnet::test
