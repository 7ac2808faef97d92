#include <fmt/core.h>
#include <nccl.h>

#include <atomic>
#include <chrono>
#include <future>
#include <mutex>
#include <span>
#include <thread>

#include "common/error.hpp"
#include "device/communicator.hpp"
#include "device/cuda/check.hpp"
#include "device/cuda/rank_sum.hpp"

namespace mapnet::cuda {

namespace {

void check(ncclResult_t status, const char* what) {
  if (status == ncclSuccess) return;
  const char* advice = "";
  if (status == ncclInvalidUsage)  // two ranks on one GPU are
    advice =
        "; each rank needs a GPU of its own: start as many on a machine as it has, or take "
        "--device cpu";
  fail("NCCL: {}: {}{}", what, ncclGetErrorString(status), advice);
}

// Until an abort goes ahead beside a thread that hands NCCL work: it is done in microseconds, or it
// waits for the lost rank itself. An end waits as long for an abort under way.
constexpr auto kHandedOver = std::chrono::seconds(1);

constexpr auto kLookForLoss = std::chrono::milliseconds(1);

/// NCCL's connection to the other ranks, until one of them is lost: then what waits for it on the
/// GPU is ended, or nobody could wait for the stream again.
class Connection {
 public:
  /// On a thread of its own, since a rank that is lost meanwhile is waited for there for ever: then
  /// that thread is left behind.
  void connect(Communicator& ranks) {
    ncclUniqueId id{};
    if (ranks.first()) check(ncclGetUniqueId(&id), "ncclGetUniqueId");
    ranks.broadcast(std::as_writable_bytes(std::span(&id, 1)));
    require_all();
    int device = 0;
    MAPNET_CUDA(cudaGetDevice(&device));
    std::packaged_task<ncclComm_t()> connecting(
        [id, device, size = ranks.size(), rank = ranks.rank()] {
          MAPNET_CUDA(cudaSetDevice(device));
          ncclComm_t comm = nullptr;
          check(ncclCommInitRank(&comm, size, id, rank), "ncclCommInitRank");
          return comm;
        });
    std::future<ncclComm_t> connected = connecting.get_future();
    std::thread(std::move(connecting)).detach();
    while (connected.wait_for(kLookForLoss) != std::future_status::ready) require_all();
    comm_ = connected.get();
  }

  void sum(float* values, std::size_t n, cudaStream_t stream) {
    const std::lock_guard lock(in_use_);
    require_all();
    check(ncclAllReduce(values, values, n, ncclFloat32, ncclSum, comm_, stream), "ncclAllReduce");
  }

  /// What is wrong with it, where NCCL says so: a machine is gone, or the way there.
  std::string trouble() {
    const std::unique_lock lock(in_use_, std::try_to_lock);
    const ncclComm_t comm = comm_;
    ncclResult_t state = ncclSuccess;
    if (!lock || over_ || !comm || ncclCommGetAsyncError(comm, &state) != ncclSuccess) return {};
    if (state == ncclSuccess) return {};
    return fmt::format("the connection to the other ranks is broken: NCCL: {}",
                       ncclGetErrorString(state));
  }

  /// Ends what waits on the GPU at once. Returns when no graph holds a sum of this connection any
  /// more. Not ncclCommDestroy, which waits for the other ranks: one that fails alone must not. In
  /// an orderly end all sums are done, since ranks exchange results behind the last of them.
  void abort() {
    over_ = true;
    if (in_use_.try_lock_for(kHandedOver)) in_use_.unlock();
    const std::unique_lock ending(ending_, kHandedOver);
    if (const ncclComm_t comm = comm_.exchange(nullptr)) ncclCommAbort(comm);
  }

 private:
  void require_all() const {
    if (over_) fail("NCCL: a rank was lost");
  }

  std::atomic<ncclComm_t> comm_ = nullptr;  // null: not connected yet, or aborted
  std::atomic<bool> over_ = false;
  std::timed_mutex in_use_, ending_;
};

class NcclSum : public RankSum {
 public:
  /// Ranks may be lost while they are connected, too.
  NcclSum(Communicator& ranks, cudaStream_t stream) : stream_(stream) {
    ranks.when_lost([c = connection_] { c->abort(); }, [c = connection_] { return c->trouble(); });
    try {
      connection_->connect(ranks);
    } catch (...) {
      connection_->abort();
      throw;
    }
  }
  ~NcclSum() override { connection_->abort(); }
  NcclSum(const NcclSum&) = delete;
  NcclSum& operator=(const NcclSum&) = delete;

  void run(float* values, std::size_t n) const override { connection_->sum(values, n, stream_); }

 private:
  // Of the ranks' watch too, which must not be the one that ends it.
  std::shared_ptr<Connection> connection_ = std::make_shared<Connection>();
  cudaStream_t stream_;
};

}  // namespace

std::shared_ptr<const RankSum> connect_rank_sum(const std::shared_ptr<Communicator>& ranks,
                                                cudaStream_t stream) {
  return std::make_shared<NcclSum>(*ranks, stream);
}

}  // namespace mapnet::cuda
