#include "cli/threads.hpp"

#include <unistd.h>

#include <cstdlib>

namespace mapnet {

void settle_thread_waiting(char** argv) {
  if (std::getenv("OMP_WAIT_POLICY") || std::getenv("GOMP_SPINCOUNT")) return;
  ::setenv("GOMP_SPINCOUNT", "20000", 1);
  ::execv("/proc/self/exe", argv);  // on failure: go on with the defaults
}

}  // namespace mapnet
