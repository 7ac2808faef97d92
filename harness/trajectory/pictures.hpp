#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

/// Pictures of the trajectories in a table's report (its JSON), of each row's first seed.
namespace mapnet {

struct NamedPicture {
  std::string name;     ///< of its file, behind the table's
  std::string caption;  ///< HTML
  std::string svg;      ///< an element, as draw() makes it
};

/// None where the report has no trajectories.
std::vector<NamedPicture> pictures_of_trajectories(const nlohmann::json& report);

}  // namespace mapnet
