#include "common/processors.hpp"

#include <sched.h>

#include <algorithm>
#include <thread>

namespace mapnet {

namespace {

int count_processors() {
  // std::thread counts the machine's, whatever this process may use of them.
  if (::cpu_set_t usable; ::sched_getaffinity(0, sizeof usable, &usable) == 0)
    return std::max(1, CPU_COUNT(&usable));
  // More than such a set has bits for.
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace

int usable_processors() {
  static const int processors = count_processors();
  return processors;
}

}  // namespace mapnet
