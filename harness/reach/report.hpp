#pragma once

#include <nlohmann/json.hpp>
#include <string>

/// What a table's report (its JSON) says of its rows beside its baseline; empty where it has none.
namespace mapnet {

/// A Markdown table: a line a method and data set.
std::string reaches_markdown(const nlohmann::json& report);

/// The same in HTML.
std::string reaches_html(const nlohmann::json& report);

}  // namespace mapnet
