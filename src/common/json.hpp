#pragma once

#include <cstdint>
#include <limits>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace mapnet {

/// Parses JSON in which at most `depth` objects and arrays lie in one another: copying, comparing
/// and writing a deeper one would take more stack than there is. Throws Error for a deeper one,
/// nlohmann's exceptions for what is no JSON.
nlohmann::json parse_json(std::string_view text, int depth);

/// Whether JSON can hold the text.
bool is_utf8(const std::string& text);

/// The whole number that `json` is, from `low` to `high`. Throws Error naming `what` for any other
/// value: nlohmann's own conversions let -1 be a size and 1e300 an int.
std::int64_t whole_number(const nlohmann::json& json, std::string_view what, std::int64_t low = 0,
                          std::int64_t high = std::numeric_limits<std::int64_t>::max());

/// Any number of 64 bits, as whole_number's are not. Throws Error for any other value.
std::uint64_t seed_from_json(const nlohmann::json& json);

}  // namespace mapnet
