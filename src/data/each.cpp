#include "data/each.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "common/processors.hpp"

namespace mapnet {

int decoding_threads() { return std::min(usable_processors(), 8); }

void each_of(std::size_t n, int threads, const std::function<void(std::size_t)>& run) {
  // Numbers are handed out in order, so whatever is below one that throws is begun, and finished.
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  std::exception_ptr error;
  std::size_t error_at = n;
  const auto work = [&] {
    for (std::size_t i; (i = next.fetch_add(1)) < n;) {
      try {
        run(i);
      } catch (...) {
        const std::lock_guard lock(mutex);
        next = n;
        if (i < error_at) error_at = i, error = std::current_exception();
      }
    }
  };
  {
    std::vector<std::jthread> others;
    for (int t = 1; t < threads; ++t) others.emplace_back(work);
    work();
  }
  if (error) std::rethrow_exception(error);
}

}  // namespace mapnet
