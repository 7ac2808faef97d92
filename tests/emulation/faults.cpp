#include "faults.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "blocks.hpp"
#include "memory.hpp"

namespace emulation {

namespace {

struct sigaction before;

void on_fault(int, siginfo_t* info, void*) {
  char where[160], text[512];
  describe_address(info->si_addr, where, sizeof where);
  const char* const kernel = running_kernel();
  const int n = std::snprintf(text, sizeof text, "emulated CUDA: %s touched %s\n",
                              kernel[0] != '\0' ? kernel : "the host", where);
  if (n > 0)
    (void)!::write(STDERR_FILENO, text, std::min(static_cast<unsigned long>(n), sizeof text - 1));
  // The instruction runs again on return and faults again, for whoever was here before.
  ::sigaction(SIGSEGV, &before, nullptr);
}

}  // namespace

void report_faults() {
  struct sigaction now {};
  ::sigaction(SIGSEGV, nullptr, &now);
  if ((now.sa_flags & SA_SIGINFO) != 0 && now.sa_sigaction == &on_fault) return;
  before = now;
  struct sigaction ours {};
  ours.sa_sigaction = &on_fault;
  ours.sa_flags = SA_SIGINFO | SA_ONSTACK;
  ::sigemptyset(&ours.sa_mask);
  ::sigaction(SIGSEGV, &ours, nullptr);
}

}  // namespace emulation
