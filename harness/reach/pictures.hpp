#pragma once

#include <nlohmann/json.hpp>
#include <vector>

#include "harness/pictures.hpp"

namespace mapnet {

/// The first metric against trained values, a line a method and a dashed one for the baseline: a
/// picture for each data set of a table's report (its JSON). None where it has no baseline.
std::vector<NamedPicture> pictures_of_reaches(const nlohmann::json& report);

}  // namespace mapnet
