#include "device/cuda/rank_sum.hpp"

#include <chrono>
#include <thread>

#include "device/communicator.hpp"
#include "device/cuda/check.hpp"
#include "library.hpp"

/// The sum over ranks when its turn on the stream has come, through what they talk by anyway.
namespace mapnet::cuda {

namespace {

class HostSum : public RankSum {
 public:
  HostSum(std::shared_ptr<Communicator> ranks, cudaStream_t stream)
      : ranks_(std::move(ranks)), stream_(stream) {}

  void run(float* values, std::size_t n) const override {
    MAPNET_CUDA(emulation::enqueue(
        stream_,
        [=, ranks = ranks_] {
          check_operands({{values, n * sizeof(float), sizeof(float), "the values", true}});
          ranks->sum(std::span(values, n));
        },
        "sum over ranks"));
  }

 private:
  std::shared_ptr<Communicator> ranks_;
  cudaStream_t stream_;
};

}  // namespace

std::shared_ptr<const RankSum> connect_rank_sum(const std::shared_ptr<Communicator>& ranks,
                                                cudaStream_t stream) {
  const auto sum = std::make_shared<const HostSum>(ranks, stream);
  // As NCCL's abort, which returns when no graph holds a sum of its connection any more.
  ranks->when_lost(
      [weak = std::weak_ptr(sum)] {
        while (!weak.expired()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      },
      {});
  return sum;
}

}  // namespace mapnet::cuda
