#include "device/cuda/staged_writes.hpp"

#include <algorithm>
#include <cstring>

namespace mapnet::cuda {

namespace {

constexpr std::size_t kLeastPart = std::size_t{64} << 10, kMostPart = std::size_t{1} << 20;
constexpr std::size_t kAlignment = 256;  // of what is copied, as cudaMallocHost's own

}  // namespace

StagedWrites::StagedWrites(std::size_t most)
    : part_bytes_(std::clamp(most / kParts / kAlignment * kAlignment, kLeastPart, kMostPart)) {
  MAPNET_CUDA(cudaMallocHost(reinterpret_cast<void**>(&memory_), kParts * part_bytes_));
}

StagedWrites::~StagedWrites() { cudaFreeHost(memory_); }

void StagedWrites::copy(cudaStream_t stream, std::byte* to, const void* from, std::size_t bytes) {
  const auto* next = static_cast<const std::byte*>(from);
  while (bytes > 0) {
    if (used_ == part_bytes_) next_part(stream);
    const std::size_t n = std::min(bytes, part_bytes_ - used_);
    std::byte* const staged = memory_ + part_ * part_bytes_ + used_;
    std::memcpy(staged, next, n);
    MAPNET_CUDA(cudaMemcpyAsync(to, staged, n, cudaMemcpyHostToDevice, stream));
    used_ += (n + kAlignment - 1) / kAlignment * kAlignment;
    to += n;
    next += n;
    bytes -= n;
  }
}

void StagedWrites::next_part(cudaStream_t stream) {
  copied_[part_].record(stream);
  part_ = (part_ + 1) % kParts;
  used_ = 0;
  copied_[part_].wait();
}

}  // namespace mapnet::cuda
