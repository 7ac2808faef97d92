#pragma once

#include <cstddef>

namespace emulation {

/// A stack to run on. Switching saves where the current one stands and goes on where the next one
/// last switched away: about ten nanoseconds, no system call.
class Fiber {
 public:
  /// The stack that is running already.
  Fiber() = default;
  /// A stack of its own, on which the first switch calls entry(argument). It must never return.
  /// `number` spreads the tops over the lines of the cache.
  Fiber(void (*entry)(void*), void* argument, std::size_t number);
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  /// Leaves this stack, which must be the running one, for `next`; returns when somebody comes
  /// back.
  void switch_to(Fiber& next);

 private:
  [[noreturn]] static void begin();
  static void arrived(Fiber& here);

  void* saved_ = nullptr;       // stack pointer, or the context where there is no switch of our own
  void* memory_ = nullptr;      // null for the stack that ran already
  void* fake_stack_ = nullptr;  // the address sanitizer's, while switched away
  const void* bottom_ = nullptr;
  std::size_t bytes_ = 0;
  void (*entry_)(void*) = nullptr;
  void* argument_ = nullptr;
};

}  // namespace emulation
