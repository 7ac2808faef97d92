#include "device/cuda/executor.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <utility>

#include "common/bytes.hpp"
#include "common/error.hpp"
#include "device/cuda/check.hpp"
#include "memory/arena.hpp"

namespace mapnet::cuda {

namespace {

constexpr std::size_t kPeekBytes = 256;

// Of a graph that repeats what is timed: a pass with as many takes longer than its timer needs, and
// a graph of millions would take gigabytes.
constexpr std::size_t kTimedNodes = 10000;

std::atomic<std::size_t> allocation_count = 0;

}  // namespace

std::size_t arena_allocations() { return allocation_count; }

GpuExecutor::GpuExecutor(std::shared_ptr<Gpu> gpu, std::size_t arena_bytes)
    : gpu_(std::move(gpu)), staged_(arena_bytes) {
  const std::size_t bytes = std::max<std::size_t>(arena_bytes, 1);
  std::size_t free = 0, total = 0;
  MAPNET_CUDA(cudaMemGetInfo(&free, &total));
  if (const cudaError_t status = cudaMalloc(reinterpret_cast<void**>(&arena_), bytes);
      status != cudaSuccess) {
    cudaGetLastError();  // the failure is reported here; it must not surface again
    fail<NoArena>("arena: cannot allocate {} ({} bytes) of GPU memory, {} of {} are free: {}",
                  format_bytes(bytes), bytes, format_bytes(free), format_bytes(total),
                  cudaGetErrorString(status));
  }
  ++allocation_count;
  try {
    MAPNET_CUDA(cudaMemsetAsync(arena_, 0, bytes, stream()));
    MAPNET_CUDA(cudaMallocHost(&peeked_, kPeekBytes));
  } catch (...) {
    cudaFreeHost(peeked_);
    cudaFree(arena_);
    throw;
  }
}

GpuExecutor::~GpuExecutor() {
  cudaStreamSynchronize(stream());
  cudaFreeHost(peeked_);
  cudaFree(arena_);
}

void GpuExecutor::write(std::byte* to, const void* from, std::size_t bytes) {
  staged_.copy(stream(), to, from, bytes);
}

void GpuExecutor::read(void* to, const std::byte* from, std::size_t bytes) {
  if (bytes > 0) MAPNET_CUDA(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, stream()));
  wait();
}

void GpuExecutor::run(int phase, const std::vector<Run>& steps, bool recordable) {
  if (steps.empty()) return;
  const Event& behind = behind_runs_[runs_++ % kRunsAhead];
  behind.wait();
  enqueue(static_cast<std::size_t>(phase), steps, recordable);
  behind.record(stream());
}

void GpuExecutor::enqueue(std::size_t phase, const std::vector<Run>& steps, bool recordable) {
  const auto walk = [&] {
    for (const Run& step : steps) step();
  };
  const bool first = !std::exchange(ran_.at(phase), true);
  if (static_cast<Phase>(phase) == Phase::setup || !recordable || first) return walk();
  Graph& graph = graphs_[phase];
  if (!graph.recorded()) graph.record(stream(), walk);
  graph.launch(stream());
}

void GpuExecutor::wait() { MAPNET_CUDA(cudaStreamSynchronize(stream())); }

bool GpuExecutor::peek(void* to, const std::byte* from, std::size_t bytes) {
  if (bytes > kPeekBytes) fail("peek of {} bytes; at most {}", bytes, kPeekBytes);
  bool landed = false;
  if (peeking_) {
    if (!peek_done_.reached()) return false;
    std::memcpy(to, peeked_, bytes);
    landed = true;
  }
  MAPNET_CUDA(cudaMemcpyAsync(peeked_, from, bytes, cudaMemcpyDeviceToHost, stream()));
  peek_done_.record(stream());
  peeking_ = true;
  return landed;
}

double GpuExecutor::seconds(const std::vector<Run>& steps, int repeats) {
  const auto walk = [&](int times) {
    for (int i = 0; i < times; ++i)
      for (const Run& step : steps) step();
  };
  walk(1);  // libraries load their kernels outside of a capture
  Graph graph;
  const std::size_t nodes = graph.record(stream(), [&] { walk(1); });
  const std::size_t fit = kTimedNodes / std::max<std::size_t>(nodes, 1);
  repeats = static_cast<int>(std::clamp<std::size_t>(fit, 1, static_cast<std::size_t>(repeats)));
  if (repeats > 1) graph.record(stream(), [&] { walk(repeats); });
  const Event begin(cudaEventDefault), end(cudaEventDefault);
  graph.launch(stream());  // once to warm up
  begin.record(stream());
  graph.launch(stream());
  end.record(stream());
  end.wait();
  return end.seconds_since(begin) / repeats;
}

}  // namespace mapnet::cuda
