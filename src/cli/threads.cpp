#include "cli/threads.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "common/processors.hpp"

namespace mapnet {

namespace {

/// Whether the process is the dynamic loader's, which was given the program as an argument: started
/// again it would take the command for a program.
bool is_loaders_process() {
  std::error_code ec;
  const std::string name = std::filesystem::read_symlink("/proc/self/exe", ec).filename().string();
  return name.starts_with("ld") && name.find(".so") != std::string::npos;
}

}  // namespace

void settle_thread_waiting(char** argv) {
  if (std::getenv("OMP_WAIT_POLICY") || std::getenv("GOMP_SPINCOUNT")) return;
  if (is_loaders_process()) return;
  ::setenv("GOMP_SPINCOUNT", "20000", 1);
  ::execv("/proc/self/exe", argv);  // on failure: go on with the defaults
}

int threads_of_one(int processes, int processors) {
  if (processes == 1) return 0;
  // A launcher may have bound each process to some of them, or left it all.
  return std::clamp(processors / processes, 1, usable_processors());
}

int threads_of_a_job(int jobs) {
  if (jobs == 1) return 0;
  return std::max(1, usable_processors() / jobs);
}

}  // namespace mapnet
