#include <functional>

#include "device/cuda/batch_norm_channel.cuh"
#include "device/cuda/channel_values.cuh"
#include "device/cuda/checks.hpp"
#include "device/cuda/gpu.hpp"
#include "device/cuda/launch.hpp"
#include "device/cuda/vec4.cuh"
#include "device/ops/step_control.hpp"

namespace mapnet::cuda {

namespace {

constexpr unsigned kFinishThreads = 64;

__device__ Moments<float> moments_of(float v) { return {1, v, 0}; }
__device__ Moments<float> moments_of(const float4& v) {
  const float mean = ((v.x + v.y) + (v.z + v.w)) * 0.25f;
  const float x = v.x - mean, y = v.y - mean, z = v.z - mean, w = v.w - mean;
  return {4, mean, (x * x + y * y) + (z * z + w * w)};
}

/// The moments of every thread's values, in thread 0; shared [kThreads], a power of two.
template <unsigned kThreads>
__device__ void merge_block(Moments<double>* shared, const Moments<double>& own) {
  shared[threadIdx.x] = own;
  for (unsigned half = kThreads / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) merge(shared[threadIdx.x], shared[threadIdx.x + half]);
  }
}

/// parts [C, gridDim.y]: the moments of every gridDim.y'th round of channel blockIdx.x's values.
template <class Value>
__global__ void __launch_bounds__(kChannelThreads)
    moments_kernel(Moments<double>* parts, const Value* x, ChannelValues s,
                   const StepControl* control) {
  __shared__ Moments<double> shared[kChannelThreads];
  const unsigned n = s.values(*control);
  Moments<float> found = {0, 0, 0};
  for (unsigned i = blockIdx.y * kChannelThreads + threadIdx.x; i < n;
       i += gridDim.y * kChannelThreads)
    merge(found, moments_of(x[s.at(blockIdx.x, i)]));
  merge_block<kChannelThreads>(shared,
                               {static_cast<double>(found.n), static_cast<double>(found.mean),
                                static_cast<double>(found.squares)});
  if (threadIdx.x == 0)
    parts[static_cast<std::size_t>(blockIdx.x) * gridDim.y + blockIdx.y] = shared[0];
}

/// A channel a block.
__global__ void __launch_bounds__(kFinishThreads)
    finish_kernel(float* mean, float* inverse_std, float* running_mean, float* running_var,
                  const Moments<double>* parts, unsigned splits, BatchNormDesc desc) {
  __shared__ Moments<double> shared[kFinishThreads];
  const unsigned c = blockIdx.x;
  Moments<double> own = {0, 0, 0};
  for (unsigned p = threadIdx.x; p < splits; p += kFinishThreads)
    merge(own, parts[static_cast<std::size_t>(c) * splits + p]);
  merge_block<kFinishThreads>(shared, own);
  if (threadIdx.x == 0)
    batch_norm_finish(shared[0], desc, mean[c], inverse_std[c],
                      running_mean ? running_mean + c : nullptr,
                      running_var ? running_var + c : nullptr);
}

template <class Value>
__global__ void __launch_bounds__(kChannelThreads)
    normalise_kernel(Value* y, const Value* x, ChannelValues s, NormChannels channels) {
  const unsigned i = blockIdx.x * kChannelThreads + threadIdx.x, plane = i / s.plane;
  if (plane >= s.images * s.channels) return;
  y[i] = apply(channels.of(plane % s.channels), x[i]);
}

/// Adds the step that normalises all images of x.
Tensor add_normalise(Schedule& schedule, const std::string& name, const Tensor& x,
                     const std::vector<BufferId>& reads,
                     std::function<NormChannels(const Memory&)> channels_at) {
  Tensor y = x;
  y.offset = 0;
  y.buffer = schedule.buffer(name + ".y", "activations", y.bytes());
  Step step;
  step.name = name + ".forward";
  step.reads = reads;
  step.writes = {y.buffer};
  step.flops = 3.0 * static_cast<double>(x.padded_size());
  step.bytes = 2.0 * static_cast<double>(x.bytes());
  const cudaStream_t stream = gpu_of(schedule).stream();
  step.bind = [=](const Memory& memory) -> Run {
    const auto* from = memory.at<const float>(x.buffer) + x.offset;
    auto* to = memory.at<float>(y.buffer);
    const NormChannels channels = channels_at(memory);
    const bool fours = in_fours(x);
    const ChannelValues s = channel_values(x, fours);
    const unsigned blocks = blocks_for(s.all(), kChannelThreads);
    return [=] {
      if (fours)
        launch(stream, blocks, kChannelThreads, normalise_kernel<float4>,
               reinterpret_cast<float4*>(to), reinterpret_cast<const float4*>(from), s, channels);
      else
        launch(stream, blocks, kChannelThreads, normalise_kernel<float>, to, from, s, channels);
    };
  };
  schedule.add(std::move(step));
  return y;
}

}  // namespace

BatchNorm batch_norm_forward(Schedule& schedule, const std::string& name, const BatchNormDesc& desc,
                             const Tensor& x, const BatchNormParams& params, BufferId control) {
  require_layout(name, x, 1);
  const auto channels = static_cast<std::size_t>(x.c);
  const unsigned splits = channel_splits(x);
  BatchNorm forward;
  forward.statistics =
      schedule.buffer(name + ".statistics", "activations", 2 * channels * sizeof(float));
  const BufferId parts =
      schedule.buffer(name + ".parts", "workspace", channels * splits * sizeof(Moments<double>));
  Step step;
  step.name = name + ".statistics";
  step.reads = {x.buffer, control};
  step.writes = {forward.statistics, parts};
  if (desc.update_statistics)
    for (const BufferId running : {params.running_mean.buffer, params.running_var.buffer}) {
      step.reads.push_back(running);
      step.writes.push_back(running);
    }
  step.flops = 4.0 * static_cast<double>(x.padded_size());
  step.bytes = static_cast<double>(x.bytes());
  const cudaStream_t stream = gpu_of(schedule).stream();
  step.bind = [=](const Memory& memory) -> Run {
    const auto* from = memory.at<const float>(x.buffer) + x.offset;
    const auto* c = memory.at<const StepControl>(control);
    auto* found = memory.at<Moments<double>>(parts);
    auto* mean = memory.at<float>(forward.statistics);
    auto* inverse_std = mean + channels;
    const auto at = [&](const ParamSlice& p) {
      return desc.update_statistics ? memory.at<float>(p.buffer) + p.offset : nullptr;
    };
    float *running_mean = at(params.running_mean), *running_var = at(params.running_var);
    const bool fours = in_fours(x);
    const ChannelValues s = channel_values(x, fours);
    const dim3 grid(s.channels, splits);
    return [=] {
      if (fours)
        launch(stream, grid, kChannelThreads, moments_kernel<float4>, found,
               reinterpret_cast<const float4*>(from), s, c);
      else
        launch(stream, grid, kChannelThreads, moments_kernel<float>, found, from, s, c);
      launch(stream, s.channels, kFinishThreads, finish_kernel, mean, inverse_std, running_mean,
             running_var, found, splits, desc);
    };
  };
  schedule.add(std::move(step));
  forward.y = add_normalise(
      schedule, name, x, {x.buffer, forward.statistics, params.gamma.buffer, params.beta.buffer},
      [=](const Memory& memory) { return of_batch(memory, desc, x, params, forward.statistics); });
  return forward;
}

Tensor batch_norm_evaluate(Schedule& schedule, const std::string& name, const BatchNormDesc& desc,
                           const Tensor& x, const BatchNormParams& params) {
  require_layout(name, x, 1);
  return add_normalise(schedule, name, x,
                       {x.buffer, params.gamma.buffer, params.beta.buffer,
                        params.running_mean.buffer, params.running_var.buffer},
                       [=](const Memory& memory) -> NormChannels {
                         const auto at = [&](const ParamSlice& p) {
                           return memory.at<const float>(p.buffer) + p.offset;
                         };
                         return {at(params.gamma), at(params.beta),        at(params.running_mean),
                                 nullptr,          at(params.running_var), desc};
                       });
}

}  // namespace mapnet::cuda
