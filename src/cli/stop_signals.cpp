#include "cli/stop_signals.hpp"

#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <initializer_list>

namespace mapnet {

namespace {

/// Comes more than once: with each of the threads that the owner had.
constexpr int kOwnerGone = SIGUSR1;

volatile std::sig_atomic_t received = 0;

void remember(int signal) { received = signal; }

}  // namespace

void listen_for_stop_signals() {
  struct sigaction action {};
  action.sa_handler = remember;
  action.sa_flags = SA_RESETHAND | SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (const int signal : {SIGINT, SIGTERM}) sigaction(signal, &action, nullptr);
  action.sa_flags = SA_RESTART;
  struct sigaction before {};
  sigaction(SIGHUP, nullptr, &before);
  if (before.sa_handler != SIG_IGN) sigaction(SIGHUP, &action, nullptr);  // else nohup's
  sigaction(kOwnerGone, &action, nullptr);
}

void end_with_owner() {
  const char* owner = std::getenv("MAPNET_OWNER");
  if (!owner) return;
  ::prctl(PR_SET_PDEATHSIG, kOwnerGone);
  if (::getppid() != std::atoi(owner)) std::raise(kOwnerGone);  // it was gone before
}

int stop_signal() { return received; }

}  // namespace mapnet
