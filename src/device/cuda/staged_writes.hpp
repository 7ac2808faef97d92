#pragma once

#include <cuda_runtime.h>

#include <array>
#include <cstddef>

#include "device/cuda/event.hpp"

namespace mapnet::cuda {

/// Copies of host memory to the GPU, by way of pinned memory of its own. Of cudaMemcpyAsync from
/// pageable memory CUDA's documentation says only that it "might be synchronous with respect to
/// host": not that its source has been read when it returns.
class StagedWrites {
 public:
  /// For copies of up to `most` bytes at a time mainly; larger ones go in parts.
  explicit StagedWrites(std::size_t most);
  ~StagedWrites();
  StagedWrites(const StagedWrites&) = delete;
  StagedWrites& operator=(const StagedWrites&) = delete;

  /// Enqueues a copy on `stream`, the same one each time; `from` may be written over when this
  /// returns. Waits only where what is on its way leaves no room.
  void copy(cudaStream_t stream, std::byte* to, const void* from, std::size_t bytes);

 private:
  void next_part(cudaStream_t stream);

  static constexpr std::size_t kParts = 4;  // filled in turn, each again once it has been copied
  std::array<Event, kParts> copied_;
  std::size_t part_bytes_;
  std::byte* memory_ = nullptr;  // pinned, [kParts, part_bytes_]
  std::size_t part_ = 0, used_ = 0;
};

}  // namespace mapnet::cuda
