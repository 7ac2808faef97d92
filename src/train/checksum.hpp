#pragma once

#include <zlib.h>

#include <cstdint>
#include <string_view>

namespace mapnet {

/// CRC-32 (zlib's) of what has the CRC-32 `before`, followed by these bytes.
inline std::uint32_t checksum(std::string_view bytes, std::uint32_t before = 0) {
  if (bytes.empty()) return before;  // of no bytes at no address zlib makes the first sum again
  return static_cast<std::uint32_t>(
      crc32_z(before, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

}  // namespace mapnet
