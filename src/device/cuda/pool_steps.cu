#include <cstdint>

#include "device/cuda/checks.hpp"
#include "device/cuda/gpu.hpp"
#include "device/cuda/launch.hpp"
#include "device/cuda/pool_steps.hpp"
#include "device/cuda/rows.hpp"

namespace mapnet::cuda {

namespace {

/// k x k windows, stride k, on planes of x [planes, h, w]; y [planes, pooled_h, pooled_w].
struct PoolPlanes {
  unsigned planes, h, w, k, pooled_h, pooled_w, channels;
};

/// y = max of a window + bias [channels], which may be null; argmax: where, the first in row-major
/// order. Rows are those of y. K: the window, or 0 for s.k.
template <unsigned K>
__global__ void pool_forward_kernel(float* y, std::uint8_t* argmax, const float* x,
                                    const float* bias, PoolPlanes s) {
  const unsigned k = K > 0 ? K : s.k;
  const unsigned row = blockIdx.x * blockDim.y + threadIdx.y;
  const unsigned plane = row / s.pooled_h, at = row % s.pooled_h;
  if (plane >= s.planes) return;
  const float* rows = x + (static_cast<std::size_t>(plane) * s.h + at * k) * s.w;
  const float b = bias ? bias[plane % s.channels] : 0.0f;
  for (unsigned column = threadIdx.x; column < s.pooled_w; column += blockDim.x) {
    const float* window = rows + column * k;
    float most = window[0];
    unsigned where = 0;
    for (unsigned i = 0; i < k; ++i)
      for (unsigned j = 0; j < k; ++j)
        if (window[i * s.w + j] > most) {
          most = window[i * s.w + j];
          where = i * k + j;
        }
    const std::size_t out = static_cast<std::size_t>(row) * s.pooled_w + column;
    y[out] = most + b;
    argmax[out] = static_cast<std::uint8_t>(where);
  }
}

/// dx, all of it: dy where the window's maximum was, else 0. Rows are those of dx.
template <unsigned K>
__global__ void pool_backward_kernel(float* dx, const float* dy, const std::uint8_t* argmax,
                                     PoolPlanes s) {
  const unsigned k = K > 0 ? K : s.k;
  const unsigned row = blockIdx.x * blockDim.y + threadIdx.y;
  const unsigned plane = row / s.h, y = row % s.h;
  if (plane >= s.planes) return;
  const unsigned at = y / k, first = (y - at * k) * k;
  const bool inside = at < s.pooled_h;
  const std::size_t window = (static_cast<std::size_t>(plane) * s.pooled_h + at) * s.pooled_w;
  for (unsigned x = threadIdx.x; x < s.w; x += blockDim.x) {
    const unsigned column = x / k;
    float value = 0;
    if (inside && column < s.pooled_w && argmax[window + column] == first + x - column * k)
      value = dy[window + column];
    dx[static_cast<std::size_t>(row) * s.w + x] = value;
  }
}

PoolPlanes planes_of(const Tensor& x, const Tensor& y, int kernel) {
  const auto count = [](int n) { return static_cast<unsigned>(n); };
  return {count(x.n * x.c), count(x.h), count(x.w), count(kernel),
          count(y.h),       count(y.w), count(x.c)};
}

}  // namespace

MaxPool add_pool_forward(Schedule& schedule, const std::string& name, int kernel, const Tensor& x,
                         const ParamSlice& bias, const std::string& argmax_name) {
  require_layout(name, x, 1);
  require_window(name, kernel);
  MaxPool pool{max_pool_shape(name, kernel, x), kNoBuffer};
  pool.y.buffer = schedule.buffer(name + ".y", "activations", pool.y.bytes());
  pool.argmax = schedule.buffer(argmax_name, "activations", pool.y.padded_size());
  Step step;
  step.name = name + ".forward";
  step.reads = {x.buffer};
  if (bias.buffer != kNoBuffer) step.reads.push_back(bias.buffer);
  step.writes = {pool.y.buffer, pool.argmax};
  step.bytes = static_cast<double>(x.bytes() + pool.y.bytes() + pool.y.padded_size());
  const cudaStream_t stream = gpu_of(schedule).stream();
  const PoolPlanes s = planes_of(x, pool.y, kernel);
  step.bind = [=](const Memory& memory) -> Run {
    const auto* from = memory.at<const float>(x.buffer) + x.offset;
    const float* b =
        bias.buffer == kNoBuffer ? nullptr : memory.at<const float>(bias.buffer) + bias.offset;
    auto* to = memory.at<float>(pool.y.buffer);
    auto* argmax = memory.at<std::uint8_t>(pool.argmax);
    const auto pooling = s.k == 2 ? pool_forward_kernel<2> : pool_forward_kernel<0>;
    const dim3 block = row_block(s.pooled_w);
    const unsigned blocks = blocks_for(std::size_t{s.planes} * s.pooled_h, block.y);
    return [=] { launch(stream, blocks, block, pooling, to, argmax, from, b, s); };
  };
  schedule.add(std::move(step));
  return pool;
}

void add_pool_backward(Schedule& schedule, const std::string& name, int kernel, const Tensor& dx,
                       const MaxPool& forward, const Tensor& dy) {
  Step step;
  step.name = name + ".backward";
  step.reads = {dy.buffer, forward.argmax};
  step.writes = {dx.buffer};
  step.bytes = static_cast<double>(dx.bytes() + dy.bytes() + dy.padded_size());
  const cudaStream_t stream = gpu_of(schedule).stream();
  const PoolPlanes s = planes_of(dx, forward.y, kernel);
  const BufferId positions = forward.argmax;
  step.bind = [=](const Memory& memory) -> Run {
    const auto* gradient = memory.at<const float>(dy.buffer) + dy.offset;
    const auto* argmax = memory.at<const std::uint8_t>(positions);
    auto* to = memory.at<float>(dx.buffer);
    const auto unpooling = s.k == 2 ? pool_backward_kernel<2> : pool_backward_kernel<0>;
    const dim3 block = row_block(s.w);
    const unsigned blocks = blocks_for(std::size_t{s.planes} * s.h, block.y);
    return [=] { launch(stream, blocks, block, unpooling, to, gradient, argmax, s); };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cuda
