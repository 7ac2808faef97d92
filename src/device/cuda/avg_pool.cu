#include "device/cuda/gpu.hpp"
#include "device/cuda/launch.hpp"
#include "device/cuda/rows.hpp"
#include "device/ops/avg_pool.hpp"

namespace mapnet::cuda {

namespace {

/// y [planes] = mean of each of x [planes, area]. A row of the block takes a plane.
__global__ void mean_kernel(float* y, const float* x, unsigned planes, unsigned area) {
  __shared__ float partial[kRowThreads];
  const unsigned plane = blockIdx.x * blockDim.y + threadIdx.y;
  const float* values = x + static_cast<std::size_t>(plane) * area;
  float sum = 0;
  if (plane < planes)
    for (unsigned i = threadIdx.x; i < area; i += blockDim.x) sum += values[i];
  float* row = partial + threadIdx.y * blockDim.x;
  row[threadIdx.x] = sum;
  for (unsigned half = blockDim.x / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) row[threadIdx.x] += row[threadIdx.x + half];
  }
  if (threadIdx.x == 0 && plane < planes) y[plane] = row[0] / static_cast<float>(area);
}

/// dx [planes, area] = dy [planes] / area.
__global__ void spread_kernel(float* dx, const float* dy, unsigned planes, unsigned area) {
  const unsigned plane = blockIdx.x * blockDim.y + threadIdx.y;
  if (plane >= planes) return;
  const float share = dy[plane] / static_cast<float>(area);
  float* values = dx + static_cast<std::size_t>(plane) * area;
  for (unsigned i = threadIdx.x; i < area; i += blockDim.x) values[i] = share;
}

}  // namespace

Tensor global_avg_pool_forward(Schedule& schedule, const std::string& name, const Tensor& x) {
  Tensor y = global_avg_pool_shape(x);
  y.buffer = schedule.buffer(name + ".y", "activations", y.bytes());
  Step step;
  step.name = name + ".forward";
  step.reads = {x.buffer};
  step.writes = {y.buffer};
  step.flops = static_cast<double>(x.padded_size());
  step.bytes = static_cast<double>(x.bytes() + y.bytes());
  const cudaStream_t stream = gpu_of(schedule).stream();
  const auto planes = static_cast<unsigned>(x.n * x.c), area = static_cast<unsigned>(x.h * x.w);
  step.bind = [=](const Memory& memory) -> Run {
    const auto* from = memory.at<const float>(x.buffer) + x.offset;
    auto* to = memory.at<float>(y.buffer);
    const dim3 block = row_block(area);
    return [=] {
      launch(stream, blocks_for(planes, block.y), block, mean_kernel, to, from, planes, area);
    };
  };
  schedule.add(std::move(step));
  return y;
}

Tensor global_avg_pool_backward(Schedule& schedule, const std::string& name, const Tensor& x,
                                const Tensor& dy) {
  Tensor dx = x;
  dx.offset = 0;
  dx.buffer = schedule.buffer(name + ".dx", "gradients", dx.bytes());
  Step step;
  step.name = name + ".backward";
  step.reads = {dy.buffer};
  step.writes = {dx.buffer};
  step.bytes = static_cast<double>(dx.bytes() + dy.bytes());
  const cudaStream_t stream = gpu_of(schedule).stream();
  const auto planes = static_cast<unsigned>(x.n * x.c), area = static_cast<unsigned>(x.h * x.w);
  step.bind = [=](const Memory& memory) -> Run {
    const auto* from = memory.at<const float>(dy.buffer) + dy.offset;
    auto* to = memory.at<float>(dx.buffer);
    const dim3 block = row_block(area);
    return [=] {
      launch(stream, blocks_for(planes, block.y), block, spread_kernel, to, from, planes, area);
    };
  };
  schedule.add(std::move(step));
  return dx;
}

}  // namespace mapnet::cuda
