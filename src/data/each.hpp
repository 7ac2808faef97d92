#pragma once

#include <cstddef>
#include <functional>

namespace mapnet {

/// Threads that decode: as many as there are cores, 8 at most.
int decoding_threads();

/// Calls run(i) once for each i below n, on that many threads; each call must write to a place of
/// its own. When calls throw, no further ones are begun, and the exception of the lowest i is
/// rethrown: the same one with any number of threads.
void each_of(std::size_t n, int threads, const std::function<void(std::size_t)>& run);

}  // namespace mapnet
