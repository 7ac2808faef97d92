#include "device/cuda/checks.hpp"
#include "device/cuda/gpu.hpp"
#include "device/cuda/launch.hpp"
#include "device/cuda/rows.hpp"
#include "device/ops/avg_pool.hpp"

namespace mapnet::cuda {

namespace {

/// y [planes] = means of x [planes, plane], a plane a row.
__global__ void mean_kernel(float* y, const float* x, unsigned planes, unsigned plane) {
  __shared__ float partial[kRowThreads];
  const unsigned row = blockIdx.x * blockDim.y + threadIdx.y;
  const float* values = x + static_cast<std::size_t>(row) * plane;
  float sum = 0;
  if (row < planes)
    for (unsigned i = threadIdx.x; i < plane; i += blockDim.x) sum += values[i];
  const unsigned thread = threadIdx.y * blockDim.x + threadIdx.x;
  partial[thread] = sum;
  for (unsigned half = blockDim.x / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) partial[thread] += partial[thread + half];
  }
  if (threadIdx.x == 0 && row < planes) y[row] = partial[thread] / static_cast<float>(plane);
}

/// dx [planes, plane] = dy [planes] / plane.
__global__ void spread_kernel(float* dx, const float* dy, unsigned planes, unsigned plane) {
  const unsigned row = blockIdx.x * blockDim.y + threadIdx.y;
  if (row >= planes) return;
  const float value = dy[row] / static_cast<float>(plane);
  float* values = dx + static_cast<std::size_t>(row) * plane;
  for (unsigned i = threadIdx.x; i < plane; i += blockDim.x) values[i] = value;
}

/// Adds a step that launches `kernel` on the planes of x: one of the two above.
void add_step(Schedule& schedule, const std::string& name,
              void (*kernel)(float*, const float*, unsigned, unsigned), const Tensor& to,
              const Tensor& from, const Tensor& x) {
  Step step;
  step.name = name;
  step.reads = {from.buffer};
  step.writes = {to.buffer};
  step.flops = static_cast<double>(from.padded_size());
  step.bytes = static_cast<double>(from.bytes() + to.bytes());
  const cudaStream_t stream = gpu_of(schedule).stream();
  step.bind = [=](const Memory& memory) -> Run {
    const auto* in = memory.at<const float>(from.buffer) + from.offset;
    auto* out = memory.at<float>(to.buffer) + to.offset;
    const auto planes = static_cast<unsigned>(x.n * x.c), plane = static_cast<unsigned>(x.h * x.w);
    const dim3 block = row_block(plane);
    return
        [=] { launch(stream, blocks_for(planes, block.y), block, kernel, out, in, planes, plane); };
  };
  schedule.add(std::move(step));
}

}  // namespace

Tensor global_avg_pool_forward(Schedule& schedule, const std::string& name, const Tensor& x) {
  require_layout(name, x, 1);
  Tensor y = x;
  y.offset = 0;
  y.h = y.w = 1;
  y.buffer = schedule.buffer(name + ".y", "activations", y.bytes());
  add_step(schedule, name + ".forward", mean_kernel, y, x, x);
  return y;
}

Tensor global_avg_pool_backward(Schedule& schedule, const std::string& name, const Tensor& x,
                                const Tensor& dy) {
  Tensor dx = x;
  dx.offset = 0;
  dx.buffer = schedule.buffer(name + ".dx", "gradients", dx.bytes());
  add_step(schedule, name + ".backward", spread_kernel, dx, dy, x);
  return dx;
}

}  // namespace mapnet::cuda
