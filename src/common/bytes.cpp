#include "common/bytes.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "common/error.hpp"

namespace mapnet {

namespace {

/// What a unit multiplies by; 0 for none that there is.
double unit_factor(std::string_view unit) {
  if (unit.empty() || unit == "b") return 1;
  const std::size_t power = std::string_view("kmgt").find(unit.front());
  if (power == std::string_view::npos) return 0;
  const std::string_view rest = unit.substr(1);
  if (!rest.empty() && rest != "ib" && rest != "b") return 0;
  return std::pow(rest == "b" ? 1000.0 : 1024.0, static_cast<double>(power + 1));
}

}  // namespace

std::string format_bytes(std::size_t bytes) {
  static constexpr std::array units = {"B", "KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024.0 && unit + 1 < units.size()) {
    value /= 1024.0;
    ++unit;
  }
  return fmt::format("{:.{}f} {}", value, value < 10 ? 2 : 1, units[unit]);
}

std::size_t parse_bytes(std::string_view text, std::string_view what) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const auto refuse = [&](const char* why) {
    fail<UsageError>("{} '{}': {}; expected a size as 512MiB, 512M, 0.5GiB or 500MB", what, text,
                     why);
  };
  // No sign, exponent, "inf" or "nan", all of which from_chars would take.
  const std::size_t digits = std::min(lower.find_first_not_of("0123456789."), lower.size());
  double number = 0;
  const auto [end, error] =
      std::from_chars(lower.data(), lower.data() + digits, number, std::chars_format::fixed);
  if (digits == 0 || error != std::errc() || end != lower.data() + digits) refuse("no number");
  std::string_view unit = std::string_view(lower).substr(digits);
  if (unit.starts_with(' ')) unit.remove_prefix(1);
  const double factor = unit_factor(unit);
  if (factor == 0) refuse("no such unit");
  const double bytes = std::floor(number * factor);
  if (bytes < 1) refuse("nothing");
  if (bytes >= 0x1p63) refuse("more than there is");
  return static_cast<std::size_t>(bytes);
}

}  // namespace mapnet
