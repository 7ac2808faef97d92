#pragma once

#include <nlohmann/json.hpp>
#include <string>

/// What a table's report (its JSON) says of trajectories; empty where it has none.
namespace mapnet {

/// A Markdown table: a line a row and layer, means over the seeds.
std::string trajectories_markdown(const nlohmann::json& report);

/// The same in HTML.
std::string trajectories_html(const nlohmann::json& report);

}  // namespace mapnet
