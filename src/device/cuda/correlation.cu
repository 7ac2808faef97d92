#include "device/cuda/correlation.hpp"
#include "device/cuda/sign_of.cuh"
#include "device/cuda/transform_tiles.cuh"

namespace mapnet::cuda {

namespace {

constexpr unsigned kThreads = 256;

__global__ void signs_kernel(float* x, std::size_t n, int log_points, SignStream signs) {
  const std::size_t i = blockIdx.x * static_cast<std::size_t>(kThreads) + threadIdx.x;
  if (i < n) x[i] = sign_of(signs, log_points, i);
}

__global__ void multiply_kernel(float* x, const float* y, float scale, std::size_t n) {
  const std::size_t i = blockIdx.x * static_cast<std::size_t>(kThreads) + threadIdx.x;
  if (i < n) x[i] = x[i] * y[i] * scale;
}

}  // namespace

void correlate_signs(cudaStream_t stream, float* out, float* work, const TileShape& shape,
                     std::size_t tiles, std::size_t d, const SignStream& a, const SignStream& b) {
  const std::size_t n = tiles << shape.log_points;
  const unsigned blocks = blocks_for(n, kThreads);
  const auto transformed = [&](float* x, const SignStream& signs) {
    launch(stream, blocks, kThreads, signs_kernel, x, n, shape.log_points, signs);
    transform_tiles(stream, x, shape, tiles);
  };
  transformed(out, a);
  transformed(work, b);
  const auto size = static_cast<double>(shape.points());
  const auto scale = static_cast<float>(1.0 / (static_cast<double>(d) * size * size));
  launch(stream, blocks, kThreads, multiply_kernel, out, work, scale, n);
  transform_tiles(stream, out, shape, tiles);
}

}  // namespace mapnet::cuda
