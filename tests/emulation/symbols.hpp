#pragma once

#include <cstddef>
#include <string>
#include <vector>

/// What the program's own symbol table tells; nothing where it was stripped.
namespace emulation {

/// "relu_kernel(float*, int)", or the address where no symbol is known.
std::string function_name(const void* address);

/// Part of a host thread's storage, `begin` bytes from its start.
struct Range {
  std::size_t begin, bytes;
};

/// The __shared__ arrays that blocks of a kernel can reach, as far as the symbol table tells them
/// (see types.hpp): its own, and those of functions that are not called ..._kernel, which any
/// kernel may call.
const std::vector<Range>& shared_memory_of(const void* kernel);

/// Fills such arrays of the calling thread with NaN.
void poison(const std::vector<Range>& shared_memory);

}  // namespace emulation
