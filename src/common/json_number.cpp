#include "common/json_number.hpp"

#include <nlohmann/json.hpp>

#include "common/error.hpp"

namespace mapnet {

std::int64_t whole_number(const nlohmann::json& json, std::string_view what, std::int64_t low,
                          std::int64_t high) {
  // A number above what int64 holds is unsigned and, read as one, negative.
  const std::int64_t value = json.is_number_integer() ? json.get<std::int64_t>() : low - 1;
  const bool wrapped = json.is_number_unsigned() && value < 0;
  if (value >= low && value <= high && !wrapped) return value;
  fail("{}: expected a whole number from {} to {}, found {}", what, low, high,
       json.is_structured() ? json.type_name() : json.dump());
}

}  // namespace mapnet
