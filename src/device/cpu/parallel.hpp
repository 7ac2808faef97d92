#pragma once

#include <cstddef>
#include <exception>

namespace mapnet::cpu {

/// Parts of a sum that is shared among threads: a fixed number, so that neither the order of the
/// additions nor the bits depend on how many threads there are.
inline constexpr std::size_t kMaxGroups = 32;

/// A run of rows, columns or whatever threads share.
struct Part {
  int begin, size;
};

/// Part `index` of `parts` nearly equal ones of [0, n).
inline Part part_of(int n, int index, int parts) {
  const auto at = [&](int k) { return static_cast<int>(static_cast<long>(n) * k / parts); };
  return {at(index), at(index + 1) - at(index)};
}

/// Calls task(i) for i in [0, n), split over `n_threads` in equal runs. What a task computes must
/// not depend on which thread runs it: that keeps results the same for any number of threads. What
/// a task throws is thrown from here when all have ended, of several that of the lowest i.
template <class Task>
void parallel_for(int n, int n_threads, const Task& task) {
  if (n_threads == 1 || n == 1) {  // OpenMP would set up a team of one
    for (int i = 0; i < n; ++i) task(i);
    return;
  }
  std::exception_ptr thrown;  // it would end the program if it left the region
  int thrower = n;
#pragma omp parallel for schedule(static) num_threads(n_threads)
  for (int i = 0; i < n; ++i) {
    try {
      task(i);
    } catch (...) {
#pragma omp critical(mapnet_parallel_for)
      if (i < thrower) thrower = i, thrown = std::current_exception();
    }
  }
  if (thrown) std::rethrow_exception(thrown);
}

}  // namespace mapnet::cpu
