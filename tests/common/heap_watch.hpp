#pragma once

#include <cstddef>

namespace mapnet::test {

/// Allocations between start and stop, by who asked: code linked into this program (ours) or a
/// shared library. `growth`: usable bytes allocated minus bytes freed, `peak` the most that ever
/// was. (mallinfo would count freed blocks that wait in a thread's cache.)
struct HeapCounts {
  std::size_t ours = 0, library = 0, largest_library = 0;
  long growth = 0, peak = 0;
};

/// Stands in for malloc, calloc, realloc, the aligned ones, free and operator new of the whole
/// program.
struct HeapWatch {
  static void start();
  static HeapCounts stop();
};

}  // namespace mapnet::test
