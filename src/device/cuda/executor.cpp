#include "device/cuda/executor.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <utility>

#include "common/bytes.hpp"
#include "common/error.hpp"
#include "device/cuda/check.hpp"

namespace mapnet::cuda {

namespace {

constexpr std::size_t kPeekBytes = 256;

std::atomic<std::size_t> allocation_count = 0;

}  // namespace

std::size_t arena_allocations() { return allocation_count; }

GpuExecutor::GpuExecutor(std::shared_ptr<Gpu> gpu, std::size_t arena_bytes) : gpu_(std::move(gpu)) {
  const std::size_t bytes = std::max<std::size_t>(arena_bytes, 1);
  std::size_t free = 0, total = 0;
  MAPNET_CUDA(cudaMemGetInfo(&free, &total));
  if (const cudaError_t status = cudaMalloc(reinterpret_cast<void**>(&arena_), bytes);
      status != cudaSuccess) {
    cudaGetLastError();  // the failure is reported here; it must not surface again
    fail("arena: cannot allocate {} ({} bytes) of GPU memory, {} of {} are free: {}",
         format_bytes(bytes), bytes, format_bytes(free), format_bytes(total),
         cudaGetErrorString(status));
  }
  ++allocation_count;
  try {
    int device = 0, shared_tables = 0;
    MAPNET_CUDA(cudaGetDevice(&device));
    MAPNET_CUDA(cudaDeviceGetAttribute(&shared_tables,
                                       cudaDevAttrPageableMemoryAccessUsesHostPageTables, device));
    reads_pageable_ = shared_tables != 0;
    MAPNET_CUDA(cudaMemsetAsync(arena_, 0, bytes, stream()));
    MAPNET_CUDA(cudaMallocHost(&peeked_, kPeekBytes));
    MAPNET_CUDA(cudaEventCreateWithFlags(&peek_done_, cudaEventDisableTiming));
  } catch (...) {
    cudaFreeHost(peeked_);
    cudaFree(arena_);
    throw;
  }
}

GpuExecutor::~GpuExecutor() {
  cudaStreamSynchronize(stream());
  cudaEventDestroy(peek_done_);
  cudaFreeHost(peeked_);
  cudaFree(arena_);
}

void GpuExecutor::write(std::byte* to, const void* from, std::size_t bytes) {
  if (bytes == 0) return;
  MAPNET_CUDA(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, stream()));
  // The caller may write over it at once. It has been staged when the call returns, unless the GPU
  // reads pageable memory itself.
  if (reads_pageable_) wait();
}

void GpuExecutor::read(void* to, const std::byte* from, std::size_t bytes) {
  if (bytes > 0) MAPNET_CUDA(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, stream()));
  wait();
}

void GpuExecutor::run(int phase, const std::vector<Run>& steps, bool recordable) {
  const auto walk = [&] {
    for (const Run& step : steps) step();
  };
  const auto index = static_cast<std::size_t>(phase);
  const bool first = !std::exchange(ran_.at(index), true);
  if (static_cast<Phase>(phase) == Phase::setup || !recordable || steps.empty() || first)
    return walk();
  Graph& graph = graphs_[index];
  if (!graph.recorded()) graph.record(stream(), walk);
  graph.launch(stream());
}

void GpuExecutor::wait() { MAPNET_CUDA(cudaStreamSynchronize(stream())); }

bool GpuExecutor::peek(void* to, const std::byte* from, std::size_t bytes) {
  if (bytes > kPeekBytes) fail("peek of {} bytes; at most {}", bytes, kPeekBytes);
  bool landed = false;
  if (peeking_) {
    const cudaError_t status = cudaEventQuery(peek_done_);
    if (status == cudaErrorNotReady) return false;
    MAPNET_CUDA(status);
    std::memcpy(to, peeked_, bytes);
    landed = true;
  }
  MAPNET_CUDA(cudaMemcpyAsync(peeked_, from, bytes, cudaMemcpyDeviceToHost, stream()));
  MAPNET_CUDA(cudaEventRecord(peek_done_, stream()));
  peeking_ = true;
  return landed;
}

double GpuExecutor::seconds(const std::vector<Run>& steps, int repeats) {
  for (const Run& step : steps) step();  // libraries load their kernels outside of a capture
  Graph graph;
  graph.record(stream(), [&] {
    for (int i = 0; i < repeats; ++i)
      for (const Run& step : steps) step();
  });
  cudaEvent_t begin = nullptr, end = nullptr;
  MAPNET_CUDA(cudaEventCreate(&begin));
  MAPNET_CUDA(cudaEventCreate(&end));
  graph.launch(stream());  // once to warm up
  MAPNET_CUDA(cudaEventRecord(begin, stream()));
  graph.launch(stream());
  MAPNET_CUDA(cudaEventRecord(end, stream()));
  MAPNET_CUDA(cudaEventSynchronize(end));
  float milliseconds = 0;
  MAPNET_CUDA(cudaEventElapsedTime(&milliseconds, begin, end));
  cudaEventDestroy(begin);
  cudaEventDestroy(end);
  return 1e-3 * static_cast<double>(milliseconds) / repeats;
}

}  // namespace mapnet::cuda
