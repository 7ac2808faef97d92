#include "device/cuda/rank_sum.hpp"

#include "device/communicator.hpp"

namespace mapnet::cuda {

std::shared_ptr<const RankSum> open_rank_sum(const std::shared_ptr<Communicator>& ranks,
                                             cudaStream_t stream) {
  std::shared_ptr<const RankSum> own = ranks->gpu_sum(stream);
  return own ? own : connect_rank_sum(ranks, stream);
}

}  // namespace mapnet::cuda
