#include "common/error.hpp"
#include "device/cuda/rank_sum.hpp"

/// Stands in for NCCL in a build without it.
namespace mapnet::cuda {

std::shared_ptr<const RankSum> connect_rank_sum(const std::shared_ptr<Communicator>& /*ranks*/,
                                                cudaStream_t /*stream*/) {
  fail(
      "this mapnet was built without NCCL, which several GPUs train together through: install it "
      "(libnccl-dev) and configure again, or take --device cpu");
}

}  // namespace mapnet::cuda
