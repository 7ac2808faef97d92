#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "common/error.hpp"
#include "common/processors.hpp"

struct CUstream_st;  // what a cudaStream_t points to

namespace mapnet {

namespace cuda {
class RankSum;
}

/// A rank of a run is gone, and what the others wait for will never come.
struct LostRank : Error {
  using Error::Error;
};

/// The processes that train one run together, each a rank, and what they tell each other. What one
/// of them calls all of them call, in the same order and with as many values; each call may wait
/// for the others and throws LostRank when one of them will not come.
class Communicator {
 public:
  virtual ~Communicator() = default;

  virtual int rank() const = 0;  ///< 0 ... size - 1
  virtual int size() const = 0;
  virtual int local_rank() const = 0;  ///< among those on this machine
  virtual int local_size() const = 0;

  /// That those on this machine may run on, all of them together.
  virtual int local_processors() const { return usable_processors(); }

  bool first() const { return rank() == 0; }  ///< the one that writes files and speaks
  bool alone() const { return size() == 1; }

  /// Each value becomes its sum, or its largest, over the ranks: the same bits on all of them.
  virtual void sum(std::span<float> values) = 0;
  virtual void sum(std::span<double> values) = 0;
  virtual void sum(std::span<std::uint64_t> values) = 0;
  virtual void max(std::span<float> values) = 0;

  /// Everyone's bytes become the first rank's.
  virtual void broadcast(std::span<std::byte> bytes) = 0;

  /// The flags that any rank gave at the call before this one, so that nobody waits for them; 0 at
  /// the first. Alone: those given now.
  virtual unsigned agree(unsigned flags) = 0;

  /// What was lost ("rank 1 of 2 is gone"); empty while all are there. Whatever else fails then
  /// fails for that reason.
  virtual std::string loss() const { return {}; }

  /// Throws LostRank where something was lost: a device's sums are given up then, though the other
  /// ranks may still answer.
  void require_no_loss() const {
    if (const std::string lost = loss(); !lost.empty()) throw LostRank(lost);
  }

  /// `release` is called once, when a rank is lost, on a thread of its own that nobody waits for:
  /// it frees a device that waits for the lost rank, and with it the thread that waits for the
  /// device. Until then `heard`, where it is not empty, is asked now and then, on one more thread,
  /// what the device has heard of a loss: nothing as long as it returns an empty string.
  virtual void when_lost(std::function<void()> /*release*/,
                         std::function<std::string()> /*heard*/) {}

  /// What sums values in a GPU's memory over these ranks, enqueued on `stream`, where they bring
  /// something of their own for it, as those of a test do; null: whatever GPUs have.
  virtual std::shared_ptr<const cuda::RankSum> gpu_sum(CUstream_st* /*stream*/) { return nullptr; }
};

/// One process that trains by itself.
const std::shared_ptr<Communicator>& alone();

/// One that does by itself what the other processes of its machine do too, on the device that is
/// its own among them.
std::shared_ptr<Communicator> alone_on(int local_rank);

/// As which of how many processes mpirun or srun started this one, by its environment; the only one
/// where they did not.
struct Launch {
  int rank = 0, size = 1;
};
Launch launched_as();

/// Joins the processes that were started together with this one: through MPI, which nothing else is
/// begun for. `stop_requested`: a signal came; who waits for another rank then may find it lost.
/// Throws Error where there are others and this build has no MPI, or one that does not see them.
std::shared_ptr<Communicator> join_ranks(std::function<bool()> stop_requested);

/// Before the program ends with `code`: waits for the others, or where it failed ends them too (and
/// does not return). Does nothing without join_ranks' MPI, nor the second time.
void leave_ranks(int code);

}  // namespace mapnet
