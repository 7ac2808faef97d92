#pragma once

#include <cstddef>
#include <ranges>
#include <string>
#include <string_view>

namespace mapnet {

/// "512 B", "1.5 KiB", "434.5 KiB", "1.25 GiB": three or four significant digits, binary units.
std::string format_bytes(std::size_t bytes);

/// The other way round, as people write sizes: "512MiB", "512M", "0.5 GiB", "1g", "500MB",
/// "536870912". K, M, G and T are powers of 1024 with "iB" or without anything, of 1000 with "B";
/// a number alone is bytes. Fractions of a byte are dropped. `what` is named in the complaint.
/// Throws UsageError for anything else, for nothing at all and for more than a size_t holds.
std::size_t parse_bytes(std::string_view text, std::string_view what);

/// The bytes of numbers that lie side by side, which stay where they are.
template <std::ranges::contiguous_range Values>
std::string_view bytes_of(const Values& values) {
  return {reinterpret_cast<const char*>(std::ranges::data(values)),
          std::ranges::size(values) * sizeof(std::ranges::range_value_t<Values>)};
}

}  // namespace mapnet
