#pragma once

#include <array>
#include <cstddef>
#include <memory>

#include "device/cuda/gpu.hpp"
#include "device/cuda/graph.hpp"
#include "device/schedule.hpp"

namespace mapnet::cuda {

/// An arena in GPU memory. Setup steps are enqueued one by one; so is each other phase the first
/// time, when libraries may still load their kernels. The second time it is captured as a graph,
/// and launched whole from then on.
class GpuExecutor : public Executor {
 public:
  /// `gpu` is kept alive. Throws Error naming the bytes asked for and had.
  GpuExecutor(std::shared_ptr<Gpu> gpu, std::size_t arena_bytes);
  ~GpuExecutor() override;
  GpuExecutor(const GpuExecutor&) = delete;
  GpuExecutor& operator=(const GpuExecutor&) = delete;

  std::byte* data() const override { return arena_; }
  void write(std::byte* to, const void* from, std::size_t bytes) override;
  void read(void* to, const std::byte* from, std::size_t bytes) override;
  void run(int phase, const std::vector<Run>& steps, bool recordable) override;
  void wait() override;
  bool peek(void* to, const std::byte* from, std::size_t bytes) override;
  double seconds(const std::vector<Run>& steps, int repeats) override;

 private:
  cudaStream_t stream() const { return gpu_->stream(); }

  std::shared_ptr<Gpu> gpu_;
  std::byte* arena_ = nullptr;
  std::array<Graph, kPhases> graphs_;
  std::array<bool, kPhases> ran_ = {};
  void* peeked_ = nullptr;  // pinned, kPeekBytes
  cudaEvent_t peek_done_ = nullptr;
  bool peeking_ = false;
  bool reads_pageable_ = false;  // through the host's page tables
};

}  // namespace mapnet::cuda
