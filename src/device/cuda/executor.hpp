#pragma once

#include <array>
#include <cstddef>
#include <memory>

#include "device/cuda/event.hpp"
#include "device/cuda/gpu.hpp"
#include "device/cuda/graph.hpp"
#include "device/cuda/staged_writes.hpp"
#include "device/schedule.hpp"

namespace mapnet::cuda {

/// An arena in GPU memory. Setup steps are enqueued one by one; so is each other phase the first
/// time, when libraries may still load their kernels. The second time it is captured as a graph,
/// and launched whole from then on.
class GpuExecutor : public Executor {
 public:
  /// Runs of phases that the host is ahead of the GPU at most. The driver's own limit is a thousand
  /// launches or so, which whoever is told to stop, saves or looks at the sums would wait for.
  static constexpr std::size_t kRunsAhead = 4;

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
  void enqueue(std::size_t phase, const std::vector<Run>& steps, bool recordable);

  std::shared_ptr<Gpu> gpu_;
  std::byte* arena_ = nullptr;
  std::array<Graph, kPhases> graphs_;
  std::array<bool, kPhases> ran_ = {};
  std::array<Event, kRunsAhead> behind_runs_;  // of the last runs, in turn
  std::size_t runs_ = 0;
  StagedWrites staged_;
  void* peeked_ = nullptr;  // pinned, kPeekBytes
  Event peek_done_;
  bool peeking_ = false;
};

}  // namespace mapnet::cuda
