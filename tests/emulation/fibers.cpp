#include "fibers.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <new>

#ifdef __SANITIZE_ADDRESS__
  #include <sanitizer/asan_interface.h>
  #include <sanitizer/common_interface_defs.h>
#endif
#ifndef __x86_64__
  #include <ucontext.h>
#endif

namespace emulation {

namespace {

// Sanitizers make frames several times larger. Untouched pages cost nothing.
constexpr std::size_t kStackBytes = std::size_t{512} << 10;

Fiber* leaving = nullptr;  // of the switch under way
Fiber* entering = nullptr;

}  // namespace

#ifdef __x86_64__
extern "C" void mapnet_emulation_switch(void** save, void* resume);
// Pushes what the ABI says a callee preserves, swaps stacks, pops the same there. (Rounding modes
// are the same on all of them.)
asm(R"(
.text
.p2align 4
.type mapnet_emulation_switch, @function
.globl mapnet_emulation_switch
.hidden mapnet_emulation_switch
mapnet_emulation_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size mapnet_emulation_switch, .-mapnet_emulation_switch
)");
#endif

Fiber::Fiber(void (*entry)(void*), void* argument, std::size_t number)
    : bytes_(kStackBytes), entry_(entry), argument_(argument) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  memory_ = ::mmap(nullptr, page + bytes_, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (memory_ == MAP_FAILED) throw std::bad_alloc();
  ::mprotect(memory_, page, PROT_NONE);  // overflow is a fault, not somebody else's stack
  auto* const bottom = static_cast<char*>(memory_) + page;
  bottom_ = bottom;
#ifdef __x86_64__
  // All tops at the same place within their pages would compete for the same few cache lines.
  auto* top = reinterpret_cast<void**>(bottom + bytes_ - number * 320 % 4096 / 64 * 64);
  *--top = nullptr;  // the return address of `begin`
  *--top = reinterpret_cast<void*>(&Fiber::begin);
  for (int i = 0; i < 6; ++i) *--top = nullptr;  // the registers popped on arrival
  saved_ = top;
#else
  (void)number;
  auto* const context = new ucontext_t;
  ::getcontext(context);
  context->uc_stack.ss_sp = bottom;
  context->uc_stack.ss_size = bytes_;
  ::makecontext(context, &Fiber::begin, 0);
  saved_ = context;
#endif
}

Fiber::~Fiber() {
#ifndef __x86_64__
  delete static_cast<ucontext_t*>(saved_);
#endif
  if (memory_ == nullptr) return;
#ifdef __SANITIZE_ADDRESS__
  __asan_unpoison_memory_region(bottom_, bytes_);  // of frames that were abandoned
#endif
  ::munmap(memory_, static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) + bytes_);
}

void Fiber::arrived([[maybe_unused]] Fiber& here) {
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber(here.fake_stack_, &leaving->bottom_, &leaving->bytes_);
#endif
}

void Fiber::begin() {
  Fiber& here = *entering;
  arrived(here);
  here.entry_(here.argument_);
  std::abort();
}

void Fiber::switch_to(Fiber& next) {
  leaving = this;
  entering = &next;
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_start_switch_fiber(&fake_stack_, next.bottom_, next.bytes_);
#endif
#ifdef __x86_64__
  mapnet_emulation_switch(&saved_, next.saved_);
#else
  if (saved_ == nullptr) saved_ = new ucontext_t;
  ::swapcontext(static_cast<ucontext_t*>(saved_), static_cast<ucontext_t*>(next.saved_));
#endif
  arrived(*this);
}

}  // namespace emulation
