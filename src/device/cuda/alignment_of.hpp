#pragma once

#include <bit>
#include <cstddef>

#include "device/tensor.hpp"

namespace mapnet::cuda {

/// Bytes a parameter's address is a multiple of, as products want to know.
inline int alignment_of(const ParamSlice& slice) {
  const std::size_t bytes = slice.offset * sizeof(float) | 256;
  return 1 << std::countr_zero(bytes);
}

}  // namespace mapnet::cuda
