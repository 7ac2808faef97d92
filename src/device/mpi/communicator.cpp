#include "device/communicator.hpp"

#include <mpi.h>
#include <sched.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <mutex>
#include <thread>

#include "device/mpi/neighbours.hpp"

namespace mapnet {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::duration;

constexpr int kSpins = 100;    // tests before the processor is offered to others, some 10 us: the
                               // rank that is waited for may be one of them
constexpr int kYields = 4000;  // tests before this process sleeps between them
constexpr auto kNap = std::chrono::microseconds(100);
constexpr auto kWatch = std::chrono::milliseconds(50);
constexpr int kNapsToALook = 500;  // looks for lost ranks: every 50 ms or so
// Seconds, beside three times what a step takes, until a rank that does not answer is lost once all
// were told to stop, or a device heard of a loss; and where the first rank may be writing a file.
constexpr double kPatience = 0.5, kPatienceWithFiles = 30;
constexpr double kForget = 0.98;  // what a wait leaves of the longest work before it

/// Nothing waits in an MPI call: each operation is begun and then tested for, so that a wait can
/// end when it has become pointless.
class MpiCommunicator : public Communicator {
 public:
  explicit MpiCommunicator(std::function<bool()> stop_requested)
      : stop_requested_(std::move(stop_requested)) {
    MPI_Comm_dup(MPI_COMM_WORLD, &values_);
    MPI_Comm_dup(MPI_COMM_WORLD, &flags_);
    MPI_Comm_rank(values_, &rank_);
    MPI_Comm_size(values_, &size_);
    find_neighbours();
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  int local_rank() const override { return local_rank_; }
  int local_size() const override { return local_size_; }
  int local_processors() const override { return local_processors_; }

  void sum(std::span<float> v) override { reduce(v.data(), v.size(), MPI_FLOAT, MPI_SUM); }
  void sum(std::span<double> v) override { reduce(v.data(), v.size(), MPI_DOUBLE, MPI_SUM); }
  void sum(std::span<std::uint64_t> v) override {
    reduce(v.data(), v.size(), MPI_UINT64_T, MPI_SUM);
  }
  void max(std::span<float> v) override { reduce(v.data(), v.size(), MPI_FLOAT, MPI_MAX); }

  void broadcast(std::span<std::byte> bytes) override {
    in_parts(
        bytes.size(),
        [&](std::size_t at, int n, MPI_Request* request) {
          MPI_Ibcast(bytes.data() + at, n, MPI_BYTE, 0, values_, request);
        },
        kPatienceWithFiles);
  }

  unsigned agree(unsigned flags) override {
    require_no_loss();
    wait(asked_);
    const unsigned before = answered_;
    answered_ = flags;
    MPI_Iallreduce(MPI_IN_PLACE, &answered_, 1, MPI_UNSIGNED, MPI_BOR, flags_, &asked_);
    return before;
  }

  std::string loss() const override {
    const std::lock_guard lock(mutex_);
    return loss_;
  }

  /// This thread may wait for the device for ever: another one looks for lost ranks.
  void when_lost(std::function<void()> release, std::function<std::string()> heard) override {
    const std::lock_guard lock(mutex_);
    if (!loss_.empty()) return std::thread(std::move(release)).detach();
    releases_.push_back(std::move(release));
    if (heard) heard_.push_back(std::move(heard));
    if (watch_.joinable()) return;
    watch_ = std::jthread([this](const std::stop_token& over) { watch(over); });
  }

  /// Nobody waits for the last answer, but MPI wants to be done with it.
  void settle() { wait(asked_); }

 private:
  void find_neighbours() {
    MPI_Comm local = MPI_COMM_NULL;
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &local);
    MPI_Comm_rank(local, &local_rank_);
    MPI_Comm_size(local, &local_size_);
    ::cpu_set_t processors;  // which one of them alone may be bound to a few of
    CPU_ZERO(&processors);
    ::sched_getaffinity(0, sizeof processors, &processors);
    MPI_Allreduce(MPI_IN_PLACE, &processors, sizeof processors, MPI_BYTE, MPI_BOR, local);
    local_processors_ = std::max(CPU_COUNT(&processors), usable_processors());
    const mpi::Process own = mpi::this_process(rank_);
    std::vector<mpi::Process> all(static_cast<std::size_t>(local_size_));
    MPI_Allgather(&own, sizeof own, MPI_BYTE, all.data(), sizeof own, MPI_BYTE, local);
    MPI_Comm_free(&local);
    neighbours_ = mpi::Neighbours(all, own, size_);
  }

  /// MPI counts in int.
  template <class Begin>
  void in_parts(std::size_t n, const Begin& begin, double patience = kPatience) {
    constexpr std::size_t kMost = std::numeric_limits<int>::max();
    for (std::size_t at = 0; at < n; at += kMost) {
      MPI_Request request = MPI_REQUEST_NULL;
      begin(at, static_cast<int>(std::min(kMost, n - at)), &request);
      wait(request, patience);
    }
  }

  template <class T>
  void reduce(T* values, std::size_t n, MPI_Datatype type, MPI_Op operation) {
    in_parts(n, [&](std::size_t at, int part, MPI_Request* request) {
      MPI_Iallreduce(MPI_IN_PLACE, values + at, part, type, operation, values_, request);
    });
  }

  void wait(MPI_Request& request, double patience = kPatience) {
    const Clock::time_point began = Clock::now();
    const double worked = duration<double>(began - waited_).count();
    recent_work_ = std::max(worked, kForget * recent_work_);
    for (int tries = 0;; ++tries) {
      int done = 0;
      MPI_Test(&request, &done, MPI_STATUS_IGNORE);
      if (done) break;
      if (tries < kSpins) continue;
      if (tries < kYields) {
        ::sched_yield();
        continue;
      }
      std::this_thread::sleep_for(kNap);
      if (tries % kNapsToALook == 0) look_for_lost_ranks(began, patience);
    }
    waited_ = Clock::now();
  }

  void watch(const std::stop_token& over) {
    while (!over.stop_requested() && loss().empty()) {
      std::this_thread::sleep_for(kWatch);
      if (const std::optional<int> rank = neighbours_.lost()) return note_loss(gone(*rank));
      std::vector<std::function<std::string()>> asked;
      {
        const std::lock_guard lock(mutex_);
        asked = heard_;
      }
      for (const auto& heard : asked)
        if (const std::string what = heard(); !what.empty()) return note_loss(what);
    }
  }

  /// A launcher that sees a rank die tells the others to stop. So does somebody who wants the whole
  /// run to stop: then all still come, if late. Of ranks on other machines the two look the same at
  /// first, and only how long they take tells. What a device has heard is doubted as long: it may
  /// have been of a rank that was done before this one.
  void look_for_lost_ranks(Clock::time_point began, double patience) {
    if (const std::optional<int> rank = neighbours_.lost()) lose(gone(*rank));
    const std::string known = loss();
    if (known.empty() && (!stop_requested_ || !stop_requested_())) return;
    if (doubted_ == Clock::time_point()) doubted_ = Clock::now();
    if (known.empty() && neighbours_.all_watched()) return;
    const double waited = duration<double>(Clock::now() - std::max(began, doubted_)).count();
    if (waited <= patience + 3 * recent_work_) return;
    if (!known.empty()) lose(known);
    lose(fmt::format("asked to stop, and another of the {} ranks has not answered for {:.1f} s",
                     size_, waited));
  }

  [[noreturn]] void lose(const std::string& what) {
    note_loss(what);
    throw LostRank(what);
  }

  /// Each release has a thread that nobody waits for: freeing a device may last until the graphs it
  /// ran are gone, which belong to a thread that waits here.
  void note_loss(const std::string& what) {
    const std::lock_guard lock(mutex_);
    if (!loss_.empty()) return;
    loss_ = what;
    for (auto& release : releases_) std::thread(std::move(release)).detach();
    releases_.clear();
  }

  std::string gone(int rank) const { return fmt::format("rank {} of {} is gone", rank, size_); }

  std::function<bool()> stop_requested_;
  MPI_Comm values_ = MPI_COMM_NULL, flags_ = MPI_COMM_NULL;
  int rank_ = 0, size_ = 1, local_rank_ = 0, local_size_ = 1, local_processors_ = 1;
  mpi::Neighbours neighbours_;
  unsigned answered_ = 0;
  MPI_Request asked_ = MPI_REQUEST_NULL;
  Clock::time_point waited_ = Clock::now();
  Clock::time_point doubted_;  // when it was first asked to stop, or heard of a loss
  double recent_work_ =
      0;  // the longest seconds from one wait to the next, of the last some hundred
  mutable std::mutex mutex_;  // of what the watch knows too
  std::string loss_;
  std::vector<std::function<void()>> releases_;
  std::vector<std::function<std::string()>> heard_;
  std::jthread watch_;  // while a device may wait for other ranks
};

std::shared_ptr<MpiCommunicator> joined;

}  // namespace

std::shared_ptr<Communicator> join_ranks(std::function<bool()> stop_requested) {
  const Launch launch = launched_as();
  if (launch.size == 1) return alone();
  if (joined) return joined;
  int provided = 0, size = 0;
  MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  if (size != launch.size)
    fail(
        "started as one of {} processes, of which MPI sees {}: start mapnet with the mpirun of the "
        "MPI it was built with, or with srun --mpi=pmix",
        launch.size, size);
  joined = std::make_shared<MpiCommunicator>(std::move(stop_requested));
  return joined;
}

void leave_ranks(int code) {
  int begun = 0, over = 0;
  MPI_Initialized(&begun);
  MPI_Finalized(&over);
  if (!begun || over) return;
  if (code != 0) MPI_Abort(MPI_COMM_WORLD, code);
  if (joined) joined->settle();
  MPI_Finalize();
}

}  // namespace mapnet
