#include "device/cuda/gpu.hpp"
#include "device/cuda/launch.hpp"
#include "device/cuda/pool.cuh"
#include "device/cuda/rows.hpp"
#include "device/cuda/shapes.hpp"
#include "device/ops/max_pool.hpp"

/// cuDNN's pooling of float32 in plain order would keep x and y for its backward pass, and does not
/// say which of equal maxima it takes; ours keeps a byte a window.
namespace mapnet::cuda {

namespace {

PoolPlanes planes_of(const Tensor& x, const Tensor& y, int kernel) {
  const auto count = [](int n) { return static_cast<unsigned>(n); };
  return {count(x.n * x.c), count(x.h), count(x.w), count(kernel),
          count(y.h),       count(y.w), count(x.c)};
}

}  // namespace

MaxPool max_pool_forward(Schedule& schedule, const std::string& name, int kernel, const Tensor& x) {
  MaxPool pool{pooled(name, kernel, x), kNoBuffer};
  pool.y.buffer = schedule.buffer(name + ".y", "activations", pool.y.bytes());
  pool.argmax = schedule.buffer(name + ".argmax", "activations", pool.y.padded_size());
  Step step;
  step.name = name + ".forward";
  step.reads = {x.buffer};
  step.writes = {pool.y.buffer, pool.argmax};
  step.bytes = static_cast<double>(x.bytes() + pool.y.bytes() + pool.y.padded_size());
  const cudaStream_t stream = gpu_of(schedule).stream();
  const PoolPlanes s = planes_of(x, pool.y, kernel);
  step.bind = [=](const Memory& memory) -> Run {
    const auto* from = memory.at<const float>(x.buffer) + x.offset;
    auto* to = memory.at<float>(pool.y.buffer);
    auto* argmax = memory.at<std::uint8_t>(pool.argmax);
    const auto kernel_of = s.k == 2 ? pool_forward_kernel<2> : pool_forward_kernel<0>;
    const dim3 block = row_block(s.pooled_w);
    const unsigned blocks = blocks_for(std::size_t{s.planes} * s.pooled_h, block.y);
    return [=] {
      launch(stream, blocks, block, kernel_of, to, argmax, from, static_cast<const float*>(nullptr),
             s);
    };
  };
  schedule.add(std::move(step));
  return pool;
}

Tensor max_pool_backward(Schedule& schedule, const std::string& name, int kernel, const Tensor& x,
                         const MaxPool& forward, const Tensor& dy) {
  Tensor dx = x;
  dx.offset = 0;
  dx.buffer = schedule.buffer(name + ".dx", "gradients", dx.bytes());
  Step step;
  step.name = name + ".backward";
  step.reads = {dy.buffer, forward.argmax};
  step.writes = {dx.buffer};
  step.bytes = static_cast<double>(dx.bytes() + dy.bytes() + dy.padded_size());
  const cudaStream_t stream = gpu_of(schedule).stream();
  const PoolPlanes s = planes_of(x, forward.y, kernel);
  const BufferId positions = forward.argmax;
  step.bind = [=](const Memory& memory) -> Run {
    const auto* gradient = memory.at<const float>(dy.buffer) + dy.offset;
    const auto* argmax = memory.at<const std::uint8_t>(positions);
    auto* to = memory.at<float>(dx.buffer);
    const auto kernel_of = s.k == 2 ? pool_backward_kernel<2> : pool_backward_kernel<0>;
    const dim3 block = row_block(s.w);
    const unsigned blocks = blocks_for(std::size_t{s.planes} * s.h, block.y);
    return [=] { launch(stream, blocks, block, kernel_of, to, gradient, argmax, s); };
  };
  schedule.add(std::move(step));
  return dx;
}

}  // namespace mapnet::cuda
