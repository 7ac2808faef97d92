#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include "device/device.hpp"
#include "device/math.hpp"
#include "emulation/emulation.hpp"

/// What the emulated libraries share.
namespace mapnet::cuda {

/// An operand of a call, checked when it runs.
struct Operand {
  const void* address;
  std::size_t bytes;
  std::size_t alignment;
  const char* name;
  bool written = false;
};

/// Throws std::runtime_error unless all operands lie in device memory and are aligned, and what is
/// written overlaps nothing else.
inline void check_operands(const std::vector<Operand>& operands) {
  for (const Operand& o : operands) {
    emulation::require_device_memory(o.address, o.bytes, o.name);
    if (reinterpret_cast<std::uintptr_t>(o.address) % o.alignment != 0)
      throw std::runtime_error(std::string(o.name) + " is not aligned to " +
                               std::to_string(o.alignment) + " bytes");
  }
  for (const Operand& o : operands)
    for (const Operand& other : operands) {
      const auto* begin = static_cast<const char*>(o.address);
      const auto* others = static_cast<const char*>(other.address);
      if (&o != &other && o.written && begin < others + other.bytes && others < begin + o.bytes)
        throw std::runtime_error(std::string(o.name) + " overlaps " + other.name);
    }
}

/// A workspace's contents are nobody's to rely on.
inline void spoil(void* p, std::size_t bytes) { std::memset(p, 0xff, bytes); }

/// The nearest float with `bits` bits of mantissa, ties to even.
inline float round_mantissa(float x, int bits) {
  const std::uint32_t word = math::float_to_bits(x);
  if ((word & 0x7f800000u) == 0x7f800000u) return x;  // infinite or NaN
  const std::uint32_t dropped = 23u - static_cast<std::uint32_t>(bits);
  const std::uint32_t half = (1u << (dropped - 1)) - 1u + (word >> dropped & 1u);
  return math::bits_to_float((word + half) >> dropped << dropped);
}

/// Mantissa bits of factors: 23 keeps them.
inline int product_bits(FastMath fast_math) {
  return fast_math == FastMath::off ? 23 : fast_math == FastMath::tf32 ? 10 : 7;
}
inline int convolution_bits(FastMath fast_math) { return fast_math == FastMath::off ? 23 : 10; }

inline double factor(float x, int bits) {
  return static_cast<double>(bits == 23 ? x : round_mantissa(x, bits));
}

}  // namespace mapnet::cuda
