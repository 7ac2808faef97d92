#include "common/json.hpp"

#include <nlohmann/json.hpp>

#include "common/error.hpp"

namespace mapnet {

nlohmann::json parse_json(std::string_view text, int depth) {
  using Event = nlohmann::json::parse_event_t;
  return nlohmann::json::parse(text, [&](int above, Event event, nlohmann::json&) {
    const bool begins = event == Event::object_start || event == Event::array_start;
    if (begins && above >= depth) fail("expected JSON nested at most {} deep, found more", depth);
    return true;
  });
}

bool is_utf8(const std::string& text) {
  try {
    nlohmann::json(text).dump();
    return true;
  } catch (const nlohmann::json::type_error&) {
    return false;
  }
}

std::int64_t whole_number(const nlohmann::json& json, std::string_view what, std::int64_t low,
                          std::int64_t high) {
  // A number above what int64 holds is unsigned and, read as one, negative.
  const std::int64_t value = json.is_number_integer() ? json.get<std::int64_t>() : low - 1;
  const bool wrapped = json.is_number_unsigned() && value < 0;
  if (value >= low && value <= high && !wrapped) return value;
  fail("{}: expected a whole number from {} to {}, found {}", what, low, high,
       json.is_structured() ? json.type_name() : json.dump());
}

std::uint64_t seed_from_json(const nlohmann::json& json) {
  if (!json.is_number_unsigned()) fail("a seed: expected a number, found {}", json.type_name());
  return json.get<std::uint64_t>();
}

}  // namespace mapnet
