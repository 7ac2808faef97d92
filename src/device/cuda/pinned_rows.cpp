#include "device/cuda/pinned_rows.hpp"

#include <cstring>

#include "common/error.hpp"
#include "device/cuda/check.hpp"

namespace mapnet::cuda {

PinnedRows::~PinnedRows() {
  if (memory_) cudaFreeHost(memory_);
}

std::byte* PinnedRows::allocated() {
  if (!memory_) MAPNET_CUDA(cudaMallocHost(&memory_, bytes_));
  return static_cast<std::byte*>(memory_);
}

void PinnedRows::write(std::size_t offset, std::span<const std::byte> bytes) {
  if (offset > bytes_ || bytes.size() > bytes_ - offset)
    fail("fixed weights: {} bytes written to {} of {}", bytes.size(), offset, bytes_);
  std::byte* to = allocated() + offset;
  MAPNET_CUDA(cudaStreamSynchronize(stream_));  // of steps that read what is there now
  std::memcpy(to, bytes.data(), bytes.size());
}

}  // namespace mapnet::cuda
