#include "device/cuda/conv2d_steps.hpp"
#include "device/cuda/gpu.hpp"
#include "device/cuda/launch.hpp"
#include "device/cuda/pool.cuh"
#include "device/cuda/rows.hpp"
#include "device/cuda/shapes.hpp"
#include "device/cuda/sum_channels.hpp"
#include "device/ops/conv_pool2d.hpp"

/// cuDNN's pooling would keep the convolution's output for its backward pass; ours keeps a byte a
/// window, and adds the bias where there are k^2 times fewer values: the maximum stays where it is.
namespace mapnet::cuda {

namespace {

/// The convolution and what the pooling makes of its output.
struct Steps {
  Conv2dSteps conv;
  Tensor y;
  PoolPlanes planes;

  Steps(Schedule& schedule, const std::string& name, const ConvPool2dDesc& desc, const Tensor& x)
      : conv(schedule, name, desc.conv, x), y(pooled(name, desc, conv.y())) {
    const Tensor& between = conv.y();
    const auto count = [](int n) { return static_cast<unsigned>(n); };
    planes = {count(y.n * y.c), count(between.h), count(between.w), count(desc.pool),
              count(y.h),       count(y.w),       count(y.c)};
  }
};

void add_pool(Schedule& schedule, const std::string& name, const Steps& steps,
              const Tensor& between, const ParamSlice& bias, const ConvPool2d& to) {
  Step step;
  step.name = name + ".forward";
  step.reads = {between.buffer, bias.buffer};
  step.writes = {to.y.buffer, to.argmax};
  step.bytes = static_cast<double>(between.bytes() + to.y.bytes() + to.y.padded_size());
  const cudaStream_t stream = gpu_of(schedule).stream();
  step.bind = [=, s = steps.planes](const Memory& memory) -> Run {
    const auto* x = memory.at<const float>(between.buffer);
    const auto* b = memory.at<const float>(bias.buffer) + bias.offset;
    auto* y = memory.at<float>(to.y.buffer);
    auto* argmax = memory.at<std::uint8_t>(to.argmax);
    const auto kernel = s.k == 2 ? pool_forward_kernel<2> : pool_forward_kernel<0>;
    const dim3 block = row_block(s.pooled_w);
    const unsigned blocks = blocks_for(std::size_t{s.planes} * s.pooled_h, block.y);
    return [=] { launch(stream, blocks, block, kernel, y, argmax, x, b, s); };
  };
  schedule.add(std::move(step));
}

void add_unpool(Schedule& schedule, const std::string& name, const Steps& steps,
                const ConvPool2d& forward, const Tensor& dy, const Tensor& between) {
  Step step;
  step.name = name + ".backward";
  step.reads = {dy.buffer, forward.argmax};
  step.writes = {between.buffer};
  step.bytes = static_cast<double>(between.bytes() + dy.bytes() + dy.padded_size());
  const cudaStream_t stream = gpu_of(schedule).stream();
  step.bind = [=, s = steps.planes](const Memory& memory) -> Run {
    const auto* gradient = memory.at<const float>(dy.buffer) + dy.offset;
    const auto* argmax = memory.at<const std::uint8_t>(forward.argmax);
    auto* dx = memory.at<float>(between.buffer);
    const auto kernel = s.k == 2 ? pool_backward_kernel<2> : pool_backward_kernel<0>;
    const dim3 block = row_block(s.w);
    const unsigned blocks = blocks_for(std::size_t{s.planes} * s.h, block.y);
    return [=] { launch(stream, blocks, block, kernel, dx, gradient, argmax, s); };
  };
  schedule.add(std::move(step));
}

}  // namespace

ConvPool2d conv_pool2d_forward(Schedule& schedule, const std::string& name,
                               const ConvPool2dDesc& desc, const Tensor& x,
                               const ParamSlice& weight, const ParamSlice& bias) {
  const Steps steps(schedule, name, desc, x);
  ConvPool2d result{steps.y, kNoBuffer};
  result.y.buffer = schedule.buffer(name + ".pool.y", "activations", result.y.bytes());
  result.argmax = schedule.buffer(name + ".argmax", "activations", result.y.padded_size());
  Tensor between = steps.conv.y();
  between.buffer = schedule.buffer(name + ".y", "activations", between.bytes());
  steps.conv.forward(x, weight, between);
  add_pool(schedule, name + ".pool", steps, between, bias, result);
  return result;
}

Tensor conv_pool2d_backward(Schedule& schedule, const std::string& name, const ConvPool2dDesc& desc,
                            const Tensor& x, const ConvPool2d& forward, const Tensor& dy,
                            const ParamSlice& weight, const ParamSlice& dweight,
                            const ParamSlice& dbias, bool need_dx) {
  const Steps steps(schedule, name, desc, x);
  // What the pooling drops has no gradient: the sum over the maxima is the sum over all.
  add_sum_channels(schedule, name + ".backward_bias", dbias, dy);
  Tensor between = steps.conv.y();
  between.buffer = schedule.buffer(name + ".dy", "gradients", between.bytes());
  add_unpool(schedule, name + ".pool", steps, forward, dy, between);
  steps.conv.backward_weights(x, between, dweight);
  return steps.conv.backward_data(weight, between, need_dx);
}

}  // namespace mapnet::cuda
