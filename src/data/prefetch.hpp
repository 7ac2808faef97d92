#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <span>
#include <thread>

namespace mapnet {

/// Decodes ahead of its consumer, on a thread of its own. Jobs are done one after another in the
/// order given, each into the next of a ring of slots; the consumer takes them in that order and
/// waits only when the next one is not ready. The slots are the caller's memory and all there is:
/// when they are full, the decoding waits. One thread consumes.
class Prefetcher {
 public:
  /// Does one job, on the prefetcher's thread. What it throws should name the file.
  using Decode = std::function<void(std::uint32_t job, std::span<std::uint8_t> slot)>;

  /// `memory` in `slots` equal parts. It must outlive the object. With one slot nothing is done
  /// ahead.
  Prefetcher(std::span<std::uint8_t> memory, std::size_t slots, Decode decode);

  /// Ends the thread, which finishes the job at hand and begins no other.
  ~Prefetcher() = default;
  Prefetcher(const Prefetcher&) = delete;
  Prefetcher& operator=(const Prefetcher&) = delete;

  /// Starts on these jobs; what is left of the last ones, an error too, is forgotten. The list must
  /// stay as it is until begin() is called again or the object is gone.
  void begin(std::span<const std::uint32_t> jobs);

  /// The next job's slot, which keeps its contents until next() or begin() is called again. Throws
  /// what the job threw, then and at each further call; Error when no job is left.
  std::span<const std::uint8_t> next();

  /// How long next() has waited for jobs that were not ready, in all.
  double waited_seconds() const { return waited_seconds_; }

  /// How long the jobs done so far took, in all.
  double decode_seconds();

 private:
  void work(std::stop_token stop);
  std::span<std::uint8_t> slot_of(std::size_t job) const;

  const std::span<std::uint8_t> memory_;
  const std::size_t slots_;
  const Decode decode_;
  double waited_seconds_ = 0;  // the consumer's alone

  std::mutex mutex_;  // what follows is behind it
  std::condition_variable_any changed_;
  std::span<const std::uint32_t> jobs_;
  std::size_t decoded_ = 0;   // jobs done
  std::size_t taken_ = 0;     // handed to the consumer
  std::size_t released_ = 0;  // no longer used by it
  std::size_t list_ = 0;      // how many lists were begun
  std::exception_ptr error_;  // of the job after the last one done
  double decode_seconds_ = 0;

  std::jthread thread_;  // last: it ends before what it uses
};

}  // namespace mapnet
