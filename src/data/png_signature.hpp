#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>

namespace mapnet {

/// What every PNG begins with.
inline constexpr std::string_view kPngSignature = "\x89PNG\r\n\x1a\n";

inline bool is_png(std::span<const std::uint8_t> bytes) {
  return bytes.size() >= kPngSignature.size() &&
         std::equal(kPngSignature.begin(), kPngSignature.end(), bytes.begin(),
                    [](char expected, std::uint8_t found) {
                      return static_cast<std::uint8_t>(expected) == found;
                    });
}

}  // namespace mapnet
