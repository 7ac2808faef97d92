#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/error.hpp"

/// What a fuzz target is made of. A reader may refuse any bytes, with an Error; whatever else it
/// does that does not return (another exception, std::bad_alloc among them, a crash, a sanitizer's
/// report, more memory than the limit of scripts/fuzz) is a finding.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace mapnet::fuzz {

/// Runs a reader; true where it took the bytes.
template <class Read>
bool accepts(Read&& read) {
  try {
    read();
    return true;
  } catch (const Error&) {
    return false;
  }
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// An input of two parts: what is before the first zero byte, and what is behind it.
struct Parts {
  std::string_view first, second;
};
inline Parts split_at_zero(std::string_view bytes) {
  const std::size_t zero = bytes.find('\0');
  if (zero == std::string_view::npos) return {bytes, {}};
  return {bytes.substr(0, zero), bytes.substr(zero + 1)};
}

/// `value` as that many bytes, little-endian.
inline void append_number(std::string& out, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
}

}  // namespace mapnet::fuzz
