#pragma once

#include <bit>
#include <cstdint>

namespace mapnet {

/// A float32 as bfloat16, its upper half: rounded to nearest, ties to even. What is too large
/// becomes an infinity, as in any rounding; NaN stays NaN.
inline std::uint16_t to_bf16(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<std::uint16_t>(bits >> 16 | 0x40u);
  return static_cast<std::uint16_t>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

}  // namespace mapnet
