#include <nccl.h>

#include <atomic>
#include <chrono>
#include <mutex>

#include "common/error.hpp"
#include "device/communicator.hpp"
#include "device/cuda/rank_sum.hpp"

namespace mapnet::cuda {

namespace {

void check(ncclResult_t status, const char* what) {
  if (status != ncclSuccess) fail("NCCL: {}: {}", what, ncclGetErrorString(status));
}

// Until an abort goes ahead beside a thread that hands NCCL work: it is done in microseconds, or it
// waits for the lost rank itself.
constexpr auto kHandedOver = std::chrono::seconds(1);

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
  /// Not ncclCommDestroy, which waits for the other ranks: one that fails alone must not. In an
  /// orderly end all sums are done, since ranks exchange results behind the last of them.
  ~Connection() {
    if (const ncclComm_t comm = comm_.exchange(nullptr)) ncclCommAbort(comm);
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void sum(float* values, std::size_t n, cudaStream_t stream) {
    const std::lock_guard lock(handing_over_);
    const ncclComm_t comm = comm_;
    if (!comm) fail("NCCL: a rank was lost");
    check(ncclAllReduce(values, values, n, ncclFloat32, ncclSum, comm, stream), "ncclAllReduce");
  }

  /// Ends what waits on the GPU at once. Returns when no graph holds a sum of this connection any
  /// more.
  void abort() {
    const ncclComm_t comm = comm_.exchange(nullptr);
    if (!comm) return;
    if (handing_over_.try_lock_for(kHandedOver)) handing_over_.unlock();
    ncclCommAbort(comm);
  }

 private:
  std::atomic<ncclComm_t> comm_ = nullptr;  // null: aborted
  std::timed_mutex handing_over_;
};

class NcclSum : public RankSum {
 public:
  NcclSum(Communicator& ranks, cudaStream_t stream)
      : connection_(std::make_shared<Connection>(ranks)), stream_(stream) {
    ranks.when_lost([weak = std::weak_ptr(connection_)] {
      if (const auto connection = weak.lock()) connection->abort();
    });
  }
  void run(float* values, std::size_t n) const override { connection_->sum(values, n, stream_); }

 private:
  std::shared_ptr<Connection> connection_;
  cudaStream_t stream_;
};

}  // namespace

std::shared_ptr<const RankSum> connect_rank_sum(const std::shared_ptr<Communicator>& ranks,
                                                cudaStream_t stream) {
  return std::make_shared<NcclSum>(*ranks, stream);
}

}  // namespace mapnet::cuda
