#include "device/cuda/batch_norm_channel.cuh"
#include "device/cuda/block_sum.cuh"
#include "device/cuda/channel_values.cuh"
#include "device/cuda/checks.hpp"
#include "device/cuda/gpu.hpp"
#include "device/cuda/launch.hpp"
#include "device/cuda/vec4.cuh"
#include "device/ops/step_control.hpp"

namespace mapnet::cuda {

namespace {

constexpr unsigned kFinishThreads = 64;

/// Sums over dy and dy (x - mean), dy behind the mask.
struct Sums {
  float dy = 0, dy_x = 0;

  __device__ void add(const NormChannel& channel, float x, float gradient) {
    const float g = channel.masked(gradient, x);
    dy += g;
    dy_x += g * (x - channel.mean);
  }
  __device__ void add(const NormChannel& channel, const float4& x, const float4& g) {
    add(channel, x.x, g.x), add(channel, x.y, g.y), add(channel, x.z, g.z), add(channel, x.w, g.w);
  }
};

/// parts [2, C, gridDim.y]: of every gridDim.y'th round of channel blockIdx.x's values.
template <class Value>
__global__ void __launch_bounds__(kChannelThreads)
    gradient_sums_kernel(double* parts, const Value* x, const Value* dy, ChannelValues s,
                         NormChannels channels, const StepControl* control) {
  __shared__ double shared[kChannelThreads];
  const unsigned n = s.values(*control);
  const NormChannel channel = channels.of(blockIdx.x);
  Sums sums;
  for (unsigned i = blockIdx.y * kChannelThreads + threadIdx.x; i < n;
       i += gridDim.y * kChannelThreads) {
    const std::size_t at = s.at(blockIdx.x, i);
    sums.add(channel, x[at], dy[at]);
  }
  const double of_dy = block_sum<kChannelThreads>(static_cast<double>(sums.dy), shared);
  const double of_dy_x = block_sum<kChannelThreads>(static_cast<double>(sums.dy_x), shared);
  if (threadIdx.x > 0) return;
  double* part = parts + static_cast<std::size_t>(blockIdx.x) * gridDim.y + blockIdx.y;
  part[0] = of_dy;
  part[static_cast<std::size_t>(gridDim.x) * gridDim.y] = of_dy_x;
}

/// A channel a block.
__global__ void __launch_bounds__(kFinishThreads)
    finish_gradient_kernel(BatchNormGradient* gradients, float* dgamma, float* dbeta,
                           const double* parts, const float* inverse_std, unsigned splits,
                           ChannelValues s, const StepControl* control) {
  __shared__ double shared[kFinishThreads];
  const unsigned c = blockIdx.x;
  const double* of_dy = parts + static_cast<std::size_t>(c) * splits;
  const double* of_dy_x = of_dy + static_cast<std::size_t>(gridDim.x) * splits;
  double sum = 0, sum_x = 0;
  for (unsigned p = threadIdx.x; p < splits; p += kFinishThreads) {
    sum += of_dy[p];
    sum_x += of_dy_x[p];
  }
  sum = block_sum<kFinishThreads>(sum, shared);
  sum_x = block_sum<kFinishThreads>(sum_x, shared);
  if (threadIdx.x > 0) return;
  gradients[c] =
      batch_norm_gradient(sum, sum_x, s.values(*control), inverse_std[c], dgamma[c], dbeta[c]);
}

struct Backward {
  NormChannel channel;
  BatchNormGradient means;
  __device__ float operator()(float dy, float x) const {
    return channel.scale *
           (channel.masked(dy, x) - means.mean_dy - (x - channel.mean) * means.slope);
  }
};

template <class Value>
__global__ void __launch_bounds__(kChannelThreads)
    backward_kernel(Value* dx, const Value* x, const Value* dy, ChannelValues s,
                    NormChannels channels, const BatchNormGradient* gradients,
                    const StepControl* control) {
  const unsigned i = blockIdx.x * kChannelThreads + threadIdx.x, plane = i / s.plane;
  if (plane >= s.images * s.channels) return;
  const unsigned c = plane % s.channels;
  if (plane / s.channels < static_cast<unsigned>(control->now.count))
    dx[i] = apply(Backward{channels.of(c), gradients[c]}, dy[i], x[i]);
  else
    dx[i] = Value{};
}

}  // namespace

Tensor batch_norm_backward(Schedule& schedule, const std::string& name, const BatchNormDesc& desc,
                           const Tensor& x, const BatchNorm& forward, const Tensor& dy,
                           const BatchNormParams& params, const ParamSlice& dgamma,
                           const ParamSlice& dbeta, BufferId control) {
  require_layout(name, x, 1);
  const auto channels = static_cast<std::size_t>(x.c);
  const unsigned splits = channel_splits(x);
  const bool fours = in_fours(x) && in_fours(dy);
  const ChannelValues s = channel_values(x, fours);
  const cudaStream_t stream = gpu_of(schedule).stream();
  const BufferId parts =
      schedule.buffer(name + ".parts", "workspace", 2 * channels * splits * sizeof(double));
  const BufferId gradients =
      schedule.buffer(name + ".gradients", "workspace", channels * sizeof(BatchNormGradient));

  Step sums;
  sums.name = name + ".sums";
  sums.reads = {x.buffer,           dy.buffer, forward.statistics, params.gamma.buffer,
                params.beta.buffer, control};
  sums.writes = {parts, gradients, dgamma.buffer, dbeta.buffer};
  sums.flops = 4.0 * static_cast<double>(x.padded_size());
  sums.bytes = static_cast<double>(x.bytes() + dy.bytes());
  sums.bind = [=](const Memory& memory) -> Run {
    const auto* input = memory.at<const float>(x.buffer) + x.offset;
    const auto* gradient = memory.at<const float>(dy.buffer) + dy.offset;
    const auto* c = memory.at<const StepControl>(control);
    const NormChannels norm = of_batch(memory, desc, x, params, forward.statistics);
    auto* found = memory.at<double>(parts);
    auto* means = memory.at<BatchNormGradient>(gradients);
    auto* dg = memory.at<float>(dgamma.buffer) + dgamma.offset;
    auto* db = memory.at<float>(dbeta.buffer) + dbeta.offset;
    const dim3 grid(s.channels, splits);
    return [=] {
      if (fours)
        launch(stream, grid, kChannelThreads, gradient_sums_kernel<float4>, found,
               reinterpret_cast<const float4*>(input), reinterpret_cast<const float4*>(gradient), s,
               norm, c);
      else
        launch(stream, grid, kChannelThreads, gradient_sums_kernel<float>, found, input, gradient,
               s, norm, c);
      launch(stream, s.channels, kFinishThreads, finish_gradient_kernel, means, dg, db, found,
             norm.inverse_std, splits, channel_values(x, false), c);
    };
  };
  schedule.add(std::move(sums));

  Tensor dx = x;
  dx.offset = 0;
  dx.buffer = schedule.buffer(name + ".dx", "gradients", dx.bytes());
  Step step;
  step.name = name + ".backward";
  step.reads = {x.buffer,           dy.buffer, forward.statistics, params.gamma.buffer,
                params.beta.buffer, control,   gradients};
  step.writes = {dx.buffer};
  step.flops = 5.0 * static_cast<double>(x.padded_size());
  step.bytes = static_cast<double>(x.bytes() + dy.bytes() + dx.bytes());
  step.bind = [=](const Memory& memory) -> Run {
    const auto* input = memory.at<const float>(x.buffer) + x.offset;
    const auto* gradient = memory.at<const float>(dy.buffer) + dy.offset;
    const auto* c = memory.at<const StepControl>(control);
    const NormChannels norm = of_batch(memory, desc, x, params, forward.statistics);
    const auto* means = memory.at<const BatchNormGradient>(gradients);
    auto* to = memory.at<float>(dx.buffer);
    const unsigned blocks = blocks_for(s.all(), kChannelThreads);
    return [=] {
      if (fours)
        launch(stream, blocks, kChannelThreads, backward_kernel<float4>,
               reinterpret_cast<float4*>(to), reinterpret_cast<const float4*>(input),
               reinterpret_cast<const float4*>(gradient), s, norm, means, c);
      else
        launch(stream, blocks, kChannelThreads, backward_kernel<float>, to, input, gradient, s,
               norm, means, c);
    };
  };
  schedule.add(std::move(step));
  return dx;
}

}  // namespace mapnet::cuda
