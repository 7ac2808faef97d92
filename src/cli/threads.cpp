#include "cli/threads.hpp"

#include <sys/sysinfo.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <thread>

namespace mapnet {

void settle_thread_waiting(char** argv) {
  if (std::getenv("OMP_WAIT_POLICY") || std::getenv("GOMP_SPINCOUNT")) return;
  ::setenv("GOMP_SPINCOUNT", "20000", 1);
  ::execv("/proc/self/exe", argv);  // on failure: go on with the defaults
}

int threads_of_one(int processes) {
  if (processes == 1) return 0;
  // A launcher may have bound the process to some cores, or left it all of them.
  const int allowed = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  return std::min(allowed, std::max(1, ::get_nprocs() / processes));
}

int threads_of_a_job(int asked, int jobs) {
  if (asked > 0 || jobs == 1) return asked;
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()) / jobs);
}

}  // namespace mapnet
