#include "data/prefetch.hpp"

#include <utility>

#include "common/error.hpp"
#include "common/stopwatch.hpp"

namespace mapnet {

Prefetcher::Prefetcher(std::span<std::uint8_t> memory, std::size_t slots, Decode decode)
    : memory_(memory), slots_(slots), decode_(std::move(decode)) {
  if (slots == 0 || memory.size() % slots != 0)
    fail("prefetch: expected memory of equal slots, found {} bytes for {}", memory.size(), slots);
  thread_ = std::jthread([this](std::stop_token stop) { work(std::move(stop)); });
}

void Prefetcher::begin(std::span<const std::uint32_t> jobs) {
  {
    const std::lock_guard lock(mutex_);
    jobs_ = jobs;
    decoded_ = taken_ = released_ = 0;
    error_ = nullptr;
    ++list_;
  }
  changed_.notify_all();
}

std::span<const std::uint8_t> Prefetcher::next() {
  std::unique_lock lock(mutex_);
  if (taken_ == jobs_.size()) fail("prefetch: all {} jobs are taken", jobs_.size());
  released_ = taken_;
  changed_.notify_all();
  const auto ready = [&] { return decoded_ > taken_ || error_; };
  if (!ready()) {
    const Stopwatch watch;
    changed_.wait(lock, ready);
    waited_seconds_ += watch.seconds();
  }
  if (decoded_ == taken_) std::rethrow_exception(error_);
  return slot_of(taken_++);
}

double Prefetcher::decode_seconds() {
  const std::lock_guard lock(mutex_);
  return decode_seconds_;
}

void Prefetcher::work(std::stop_token stop) {
  const auto may_decode = [&] {
    return !error_ && decoded_ < jobs_.size() && decoded_ - released_ < slots_;
  };
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, may_decode) && !stop.stop_requested()) {
    const std::size_t list = list_;
    const std::uint32_t job = jobs_[decoded_];
    const std::span<std::uint8_t> slot = slot_of(decoded_);
    std::exception_ptr error;
    const Stopwatch watch;
    lock.unlock();
    try {
      decode_(job, slot);
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    decode_seconds_ += watch.seconds();
    if (list != list_) continue;  // another list was begun meanwhile
    if (error)
      error_ = error;
    else
      ++decoded_;
    changed_.notify_all();
  }
}

std::span<std::uint8_t> Prefetcher::slot_of(std::size_t job) const {
  const std::size_t bytes = memory_.size() / slots_;
  return memory_.subspan(job % slots_ * bytes, bytes);
}

}  // namespace mapnet
