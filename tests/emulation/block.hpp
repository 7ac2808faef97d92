#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "emulation/kernel.hpp"
#include "emulation/runtime_api.hpp"
#include "fibers.hpp"

namespace emulation {

/// The block that runs: its threads, what they wait for, and the fibers they stand on. A fiber
/// runs thread after thread; only a thread that waits keeps the one it is on.
class Block {
 public:
  ~Block();

  void begin(const Kernel& kernel);
  /// Runs all threads of the block blockIdx to their end, or throws std::runtime_error.
  void run();

  void wait_for_block(const Site& site);
  std::uint64_t meet_warp(Collective what, unsigned mask, std::uint64_t value, int argument,
                          int width, const Site& site);

 private:
  enum class State : std::uint8_t { fresh, ready, running, at_barrier, at_warp, done };

  struct Worker {
    Worker(Block& block_, std::size_t number) : block(block_), fiber(&work, this, number) {}
    Block& block;
    Fiber fiber;
    static void work(void* self);
  };

  /// What a thread asked of its warp.
  struct Meeting {
    Collective what{};
    unsigned mask = 0;
    std::uint64_t value = 0, result = 0;
    int argument = 0, width = 32;
    bool has_result = false;
  };

  struct Thread {
    State state = State::fresh;
    Worker* worker = nullptr;
    uint3 index{};
    Site site;
    Meeting meeting;
  };

  static constexpr int kNone = -1;

  int pick();
  bool release();
  void order_pass();
  void make_current(int thread);
  void execute(int thread);
  void leave(Fiber& from, int next);
  void wait();

  void complete_meeting(int first, unsigned mask);
  int source_lane(const Thread& thread, int lane) const;
  std::string place(int thread) const;
  std::string waiting_threads() const;

  const Kernel* kernel_ = nullptr;
  std::vector<Thread> threads_;
  std::vector<int> order_;         // of this pass over the threads
  std::vector<unsigned> meeting_;  // a bit for each lane that waits for its warp
  std::size_t cursor_ = 0, ready_ = 0, done_ = 0, at_barrier_ = 0;
  int current_ = kNone;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<Worker*> idle_;
  Worker* on_ = nullptr;  // whose fiber runs
  Fiber* host_ = nullptr;
  bool failed_ = false;
  std::string failure_;
};

}  // namespace emulation
