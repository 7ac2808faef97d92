#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>

namespace mapnet::test {

constexpr std::uint32_t images_magic = 0x00000803, labels_magic = 0x00000801;

/// An IDX file byte by byte: big-endian header words, then the values.
inline std::string idx(std::initializer_list<std::uint32_t> header, const std::string& values) {
  std::string bytes;
  for (const std::uint32_t word : header) {
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(word >> shift & 0xff);
  }
  return bytes + values;
}

/// The values 0, 1, 2, ... modulo `modulus`.
inline std::string counting(std::size_t n, std::size_t modulus = 256) {
  std::string values;
  for (std::size_t i = 0; i < n; ++i) values += static_cast<char>(i % modulus);
  return values;
}

}  // namespace mapnet::test
