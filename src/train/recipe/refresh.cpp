#include "train/recipe/refresh.hpp"

#include <nlohmann/json.hpp>

#include "common/json.hpp"
#include "train/recipe/check.hpp"

namespace mapnet {

Refresh resolve(const RefreshConfig& c, const MappingConfig& mapping) {
  refuse(c.every && mapping.strategy == Strategy::direct, "--refresh",
         "has no meaning with --strategy direct, which trains theta itself");
  require(!c.every || *c.every >= 1, "--refresh", c.every.value_or(0), "1 or more training steps");
  return {c.every.value_or(0)};
}

void to_json(nlohmann::json& json, const Refresh& refresh) { json = refresh.every; }

void from_json(const nlohmann::json& json, Refresh& refresh) {
  refresh.every = whole_number(json, "refresh");
}

}  // namespace mapnet
