#pragma once

#include <string>

/// What the program's own symbol table tells; nothing where it was stripped.
namespace emulation {

/// "relu_kernel(float*, int)", or the address where no symbol is known.
std::string function_name(const void* address);

/// Fills every __shared__ array with NaN, as far as the symbol table tells them (see types.hpp).
void poison_shared_memory();

}  // namespace emulation
