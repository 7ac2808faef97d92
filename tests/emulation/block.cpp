#include "block.hpp"

#include <algorithm>
#include <exception>
#include <numeric>
#include <stdexcept>
#include <string_view>

#include "blocks.hpp"
#include "emulation/emulation.hpp"

uint3 threadIdx, blockIdx;
dim3 blockDim, gridDim;

namespace emulation {

Block::~Block() = default;

void Block::begin(const Kernel& kernel) {
  kernel_ = &kernel;
  const dim3 b = kernel.block;
  threads_.assign(std::size_t{b.x} * b.y * b.z, {});
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    const auto n = static_cast<unsigned>(i);
    threads_[i].index = {n % b.x, n / b.x % b.y, n / b.x / b.y};
  }
  order_.resize(threads_.size());
  std::iota(order_.begin(), order_.end(), 0);
  if (thread_order() == ThreadOrder::descending) std::reverse(order_.begin(), order_.end());
  meeting_.assign((threads_.size() + 31) / 32, 0);
}

void Block::run() {
  for (Thread& t : threads_) t.state = State::fresh;
  std::fill(meeting_.begin(), meeting_.end(), 0u);
  ready_ = done_ = at_barrier_ = 0;
  failed_ = false;
  order_pass();
  Fiber host;
  host_ = &host;
  on_ = nullptr;
  leave(host, pick());
  host_ = nullptr;
  current_ = kNone;
  if (!failed_) return;
  // Threads that still wait are abandoned where they stand, with their fibers.
  idle_.clear();
  workers_.clear();
  throw std::runtime_error(failure_);
}

void Block::order_pass() {
  cursor_ = 0;
  if (thread_order() != ThreadOrder::shuffled) return;
  for (std::size_t i = order_.size(); i > 1; --i) std::swap(order_[i - 1], order_[random_below(i)]);
}

/// The next thread to run, or kNone when all have ended or one has failed.
int Block::pick() {
  while (!failed_) {
    for (; cursor_ < order_.size(); ++cursor_) {
      const int next = order_[cursor_];
      Thread& t = threads_[static_cast<std::size_t>(next)];
      if (t.state != State::fresh && t.state != State::ready) continue;
      ++cursor_;
      return next;
    }
    if (ready_ == 0 && !release()) break;
    order_pass();
  }
  return kNone;
}

/// Lets the threads pass the barrier where all of them wait.
bool Block::release() {
  if (done_ == threads_.size()) return false;
  const Site& site = threads_[0].site;
  const bool together = at_barrier_ == threads_.size() &&
                        std::all_of(threads_.begin(), threads_.end(), [&](const Thread& t) {
                          return t.site.line() == site.line() &&
                                 (t.site.file_name() == site.file_name() ||
                                  std::string_view(t.site.file_name()) == site.file_name());
                        });
  if (!together) {
    failed_ = true;
    failure_ = "not all threads reach the same barrier: " + waiting_threads();
    return false;
  }
  for (Thread& t : threads_) t.state = State::ready;
  ready_ = threads_.size();
  at_barrier_ = 0;
  return true;
}

void Block::make_current(int thread) {
  Thread& t = threads_[static_cast<std::size_t>(thread)];
  if (t.state == State::ready) --ready_;
  t.state = State::running;
  current_ = thread;
  threadIdx = t.index;
}

void Block::execute(int thread) {
  threads_[static_cast<std::size_t>(thread)].worker = on_;
  make_current(thread);
  try {
    kernel_->thread();
  } catch (const std::exception& e) {
    failed_ = true;
    failure_ = place(thread) + ": " + e.what();
  } catch (...) {
    failed_ = true;
    failure_ = place(thread) + ": unknown exception";
  }
  threads_[static_cast<std::size_t>(thread)].state = State::done;
  ++done_;
}

void Block::Worker::work(void* self) {
  auto& worker = *static_cast<Worker*>(self);
  Block& block = worker.block;
  for (;;) {
    // Whoever came here left the thread to start in current_. It and all that follow without having
    // waited run here, without a switch.
    block.on_ = &worker;
    int next = block.current_;
    do {
      block.execute(next);
      next = block.pick();
    } while (next != kNone && block.threads_[static_cast<std::size_t>(next)].state == State::fresh);
    block.idle_.push_back(&worker);
    block.leave(worker.fiber, next);
  }
}

/// Leaves `from` for wherever `next` is to run; the host's stack when there is none.
void Block::leave(Fiber& from, int next) {
  if (next == kNone) {
    from.switch_to(*host_);
    return;
  }
  Thread& t = threads_[static_cast<std::size_t>(next)];
  if (t.state == State::ready) {
    from.switch_to(t.worker->fiber);
    return;
  }
  if (idle_.empty()) {
    workers_.push_back(std::make_unique<Worker>(*this, workers_.size()));
    idle_.push_back(workers_.back().get());
  }
  Worker* const worker = idle_.back();
  idle_.pop_back();
  current_ = next;
  from.switch_to(worker->fiber);
}

/// Runs others until the current thread, whose state says what it waits for, is ready again.
void Block::wait() {
  const int self = current_;
  Worker* const worker = on_;
  const int next = pick();
  if (next != self) leave(worker->fiber, next);
  on_ = worker;
  make_current(self);
}

void Block::wait_for_block(const Site& site) {
  Thread& t = threads_[static_cast<std::size_t>(current_)];
  t.site = site;
  t.state = State::at_barrier;
  ++at_barrier_;
  wait();
}

}  // namespace emulation
