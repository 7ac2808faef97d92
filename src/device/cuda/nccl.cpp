#include <nccl.h>

#include <atomic>

#include "common/error.hpp"
#include "device/communicator.hpp"
#include "device/cuda/rank_sum.hpp"

namespace mapnet::cuda {

namespace {

void check(ncclResult_t status, const char* what) {
  if (status != ncclSuccess) fail("NCCL: {}: {}", what, ncclGetErrorString(status));
}

/// NCCL's connection to the other ranks, until one of them is lost: then what waits for it on the
/// GPU is ended, or nobody could wait for the stream again.
class Connection {
 public:
  explicit Connection(Communicator& ranks) {
    ncclUniqueId id{};
    if (ranks.first()) check(ncclGetUniqueId(&id), "ncclGetUniqueId");
    ranks.broadcast(std::as_writable_bytes(std::span(&id, 1)));
    ncclComm_t comm = nullptr;
    check(ncclCommInitRank(&comm, ranks.size(), id, ranks.rank()), "ncclCommInitRank");
    comm_ = comm;
  }
  ~Connection() {
    if (const ncclComm_t comm = comm_.exchange(nullptr)) ncclCommDestroy(comm);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void abort() {
    if (const ncclComm_t comm = comm_.exchange(nullptr)) ncclCommAbort(comm);
  }
  ncclComm_t comm() const { return comm_; }

 private:
  std::atomic<ncclComm_t> comm_ = nullptr;  // null: aborted, by whichever thread saw the loss
};

class NcclSum : public RankSum {
 public:
  NcclSum(Communicator& ranks, cudaStream_t stream)
      : connection_(std::make_shared<Connection>(ranks)), stream_(stream) {
    ranks.when_lost([weak = std::weak_ptr(connection_)] {
      if (const auto connection = weak.lock()) connection->abort();
    });
  }
  void run(float* values, std::size_t n) const override {
    check(ncclAllReduce(values, values, n, ncclFloat32, ncclSum, connection_->comm(), stream_),
          "ncclAllReduce");
  }

 private:
  std::shared_ptr<Connection> connection_;
  cudaStream_t stream_;
};

}  // namespace

std::shared_ptr<const RankSum> plan_rank_sum(const std::shared_ptr<Communicator>& ranks,
                                             cudaStream_t stream) {
  return std::make_shared<NcclSum>(*ranks, stream);
}

}  // namespace mapnet::cuda
