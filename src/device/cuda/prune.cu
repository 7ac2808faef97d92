#include "device/cuda/gpu.hpp"
#include "device/cuda/launch.hpp"
#include "device/ops/prune.hpp"

namespace mapnet::cuda {

namespace {

constexpr unsigned kThreads = 256;

/// A warp reads one word. Only the pruned are touched: before the pruning a step costs the bits.
__global__ void prune_kernel(float* values, const std::uint32_t* words, std::size_t n) {
  const std::size_t j = blockIdx.x * static_cast<std::size_t>(kThreads) + threadIdx.x;
  if (j < n && is_pruned(words, j)) values[j] = 0.0f;
}

}  // namespace

void prune(Schedule& schedule, const std::string& name, BufferId values, BufferId pruned,
           std::size_t n) {
  Step step;
  step.name = name;
  step.reads = {values, pruned};
  step.writes = {values};
  step.bytes = static_cast<double>(2 * n + pruned_words(n)) * sizeof(float);
  const cudaStream_t stream = gpu_of(schedule).stream();
  step.bind = [=](const Memory& memory) -> Run {
    auto* v = memory.at<float>(values);
    const auto* words = memory.at<const std::uint32_t>(pruned);
    return [=] { launch(stream, blocks_for(n, kThreads), kThreads, prune_kernel, v, words, n); };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cuda
