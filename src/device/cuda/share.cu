#include <algorithm>

#include "device/cuda/gpu.hpp"
#include "device/cuda/launch.hpp"
#include "device/ops/share.hpp"

namespace mapnet::cuda {

namespace {

constexpr unsigned kThreads = 256;
constexpr unsigned kWeights = 4 * kThreads;  // a block's share of the forward pass

/// A span with the first block of either pass that works on it: no block has to do with two.
struct SpanBlocks {
  ShareSpan span;
  unsigned first_forward = 0, first_backward = 0;
};

/// Groups a block sums side by side.
MAPNET_HOST_DEVICE constexpr unsigned groups_a_block(std::uint32_t share) {
  return kThreads / share_lanes(share);
}

std::vector<SpanBlocks> block_table(const ShareDesc& desc) {
  std::vector<SpanBlocks> table;
  unsigned forward = 0, backward = 0;
  for (const ShareSpan& s : desc.spans) {
    table.push_back({s, forward, backward});
    forward += blocks_for(s.size, kWeights);
    backward += blocks_for(s.groups(), groups_a_block(s.share));
  }
  table.push_back({{}, forward, backward});  // where all end
  return table;
}

/// The span of a block: the last that begins at or before it.
__device__ const SpanBlocks& span_of(const SpanBlocks* table, int n_spans,
                                     unsigned SpanBlocks::*first) {
  int low = 0, high = n_spans - 1;
  while (low < high) {
    const int middle = (low + high + 1) / 2;
    if (table[middle].*first <= blockIdx.x)
      low = middle;
    else
      high = middle - 1;
  }
  return table[low];
}

__global__ void share_forward_kernel(const SpanBlocks* table, int n_spans, const float* base,
                                     const float* outputs, float* theta) {
  const SpanBlocks& at = span_of(table, n_spans, &SpanBlocks::first_forward);
  const ShareSpan s = at.span;
  const std::size_t begin = (blockIdx.x - at.first_forward) * std::size_t{kWeights} + threadIdx.x;
  for (unsigned k = 0; k < kWeights; k += kThreads) {
    const std::size_t j = begin + k, weight = s.theta_offset + j;
    if (j >= s.size) return;
    if (s.share == 0) {
      theta[weight] = base[weight];
    } else {  // a tensor has fewer than 2^32 values: the division can do with 32 bits
      const unsigned group = static_cast<unsigned>(j) / s.share;
      theta[weight] = shifted_weight(base[weight], s.alpha, outputs[s.output_offset + group]);
    }
  }
}

/// Each group is summed by share_lanes threads, side by side so that their loads are too.
__global__ void __launch_bounds__(kThreads)
    share_backward_kernel(const SpanBlocks* table, int n_spans, const float* dtheta,
                          float* doutputs) {
  __shared__ float sums[kThreads];
  const SpanBlocks& at = span_of(table, n_spans, &SpanBlocks::first_backward);
  const ShareSpan s = at.span;
  const unsigned lanes = share_lanes(s.share), lane = threadIdx.x % lanes;
  const std::size_t group =
      (blockIdx.x - at.first_backward) * std::size_t{groups_a_block(s.share)} + threadIdx.x / lanes;
  const bool exists = group < s.groups();
  float sum = 0;
  if (exists) {
    const std::size_t first = group * s.share;
    const std::size_t left = s.size - first;
    const unsigned n = left < s.share ? static_cast<unsigned>(left) : s.share;
    const float* values = dtheta + s.theta_offset + first;
    unsigned j = lane;
    for (; j + 7 * lanes < n; j += 8 * lanes) {  // eight loads in flight
      float x[8];
#pragma unroll
      for (unsigned k = 0; k < 8; ++k) x[k] = values[j + k * lanes];
#pragma unroll
      for (unsigned k = 0; k < 8; ++k) sum += x[k];
    }
    for (; j < n; j += lanes) sum += values[j];
  }
  sums[threadIdx.x] = sum;
  for (unsigned half = lanes / 2; half > 0; half /= 2) {
    __syncthreads();
    if (lane < half) sums[threadIdx.x] += sums[threadIdx.x + half];
  }
  if (exists && lane == 0) doutputs[s.output_offset + group] = s.alpha * sums[threadIdx.x];
}

}  // namespace

ShareState share_setup(Schedule& schedule, const std::string& name, const ShareDesc& desc) {
  const std::vector<SpanBlocks> table = block_table(desc);
  const std::size_t bytes = table.size() * sizeof(SpanBlocks);
  ShareState state;
  state.table = schedule.buffer(name + ".spans", "map", bytes);
  Step step;
  step.name = name + ".spans";
  step.writes = {state.table};
  const cudaStream_t stream = gpu_of(schedule).stream();
  step.bind = [=](const Memory& memory) -> Run {
    auto* to = memory.at<SpanBlocks>(state.table);
    return [=] {
      MAPNET_CUDA(cudaMemcpyAsync(to, table.data(), bytes, cudaMemcpyHostToDevice, stream));
    };
  };
  schedule.add(std::move(step));
  return state;
}

void share_forward(Schedule& schedule, const std::string& name, const ShareDesc& desc,
                   const ShareState& state, BufferId base, BufferId outputs, BufferId theta) {
  Step step;
  step.name = name + ".forward";
  step.reads = {base, outputs, state.table};
  step.writes = {theta};
  step.bytes = sizeof(float) * static_cast<double>(2 * desc.target_size() + desc.output_size());
  const unsigned blocks = block_table(desc).back().first_forward;
  const int n_spans = static_cast<int>(desc.spans.size());
  const cudaStream_t stream = gpu_of(schedule).stream();
  step.bind = [=](const Memory& memory) -> Run {
    const auto* table = memory.at<const SpanBlocks>(state.table);
    const auto* from = memory.at<const float>(base);
    const auto* o = memory.at<const float>(outputs);
    auto* to = memory.at<float>(theta);
    return [=] {
      launch(stream, blocks, kThreads, share_forward_kernel, table, n_spans, from, o, to);
    };
  };
  schedule.add(std::move(step));
}

void share_backward(Schedule& schedule, const std::string& name, const ShareDesc& desc,
                    const ShareState& state, BufferId dtheta, BufferId doutputs) {
  Step step;
  step.name = name + ".backward";
  step.reads = {dtheta, state.table};
  step.writes = {doutputs};
  step.bytes = sizeof(float) * static_cast<double>(desc.target_size() + desc.output_size());
  const unsigned blocks = block_table(desc).back().first_backward;
  const int n_spans = static_cast<int>(desc.spans.size());
  const cudaStream_t stream = gpu_of(schedule).stream();
  step.bind = [=](const Memory& memory) -> Run {
    const auto* table = memory.at<const SpanBlocks>(state.table);
    const auto* from = memory.at<const float>(dtheta);
    auto* to = memory.at<float>(doutputs);
    return
        [=] { launch(stream, blocks, kThreads, share_backward_kernel, table, n_spans, from, to); };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cuda
