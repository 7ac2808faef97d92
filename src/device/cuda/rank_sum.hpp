#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <memory>

namespace mapnet {
class Communicator;
}

/// Sums over ranks that each have a GPU.
namespace mapnet::cuda {

/// Enqueued on a stream, and recorded as everything there: the values never pass through the host.
class RankSum {
 public:
  virtual ~RankSum() = default;
  /// Each of the n values becomes its sum over the ranks, the same bits on all of them.
  virtual void run(float* values, std::size_t n) const = 0;
};

/// What ranks bring of their own, or NCCL. Called by all of them together. Throws Error where NCCL
/// is missing or cannot connect them.
std::shared_ptr<const RankSum> open_rank_sum(const std::shared_ptr<Communicator>& ranks,
                                             cudaStream_t stream);

/// NCCL's.
std::shared_ptr<const RankSum> connect_rank_sum(const std::shared_ptr<Communicator>& ranks,
                                                cudaStream_t stream);

}  // namespace mapnet::cuda
