#pragma once

#include <cuda_runtime.h>

#include "device/ops/map.hpp"

namespace mapnet::cuda {

/// A block's W in the host's memory, pinned so that kernels read it where it is. Each row is read
/// once a pass, as fast as the bus goes.
class PinnedRows : public StreamedRows {
 public:
  /// `stream` is that of the kernels which read it.
  PinnedRows(std::size_t bytes, cudaStream_t stream) : bytes_(bytes), stream_(stream) {}
  ~PinnedRows() override;
  PinnedRows(const PinnedRows&) = delete;
  PinnedRows& operator=(const PinnedRows&) = delete;

  /// [rows, ld]. Taken by the first who asks: a schedule that is only planned takes none.
  std::byte* allocated();
  void write(std::size_t offset, std::span<const std::byte> bytes) override;

 private:
  std::size_t bytes_;
  cudaStream_t stream_;
  void* memory_ = nullptr;
};

}  // namespace mapnet::cuda
