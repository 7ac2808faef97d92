#pragma once

#include <cstddef>
#include <string>

#include "emulation/runtime_api.hpp"

namespace emulation {

/// Runs a grid: its blocks one after another, the threads of a block as fibers, in the order that
/// is set. Throws std::runtime_error saying which kernel, block and threads when a thread throws,
/// when threads wait for each other for ever, or when they disagree about what they wait for.
void run_grid(const Kernel& kernel);

/// Where the kernel that runs now stands, or an empty string. Allocates nothing: for handlers of
/// signals.
const char* running_kernel();

/// A pseudorandom number below n, the same sequence in every process.
std::size_t random_below(std::size_t n);

}  // namespace emulation
