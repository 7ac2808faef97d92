#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "harness/pictures.hpp"

/// Pictures of the trajectories in a table's report (its JSON), of each row's first seed.
namespace mapnet {

/// None where the report has no trajectories.
std::vector<NamedPicture> pictures_of_trajectories(const nlohmann::json& report);

}  // namespace mapnet
