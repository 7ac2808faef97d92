#pragma once

#include <nlohmann/json.hpp>
#include <string>

/// Pictures of a table's report (its JSON), as SVG elements; empty where there is nothing to draw.
namespace mapnet {

struct NamedPicture {
  std::string name;     ///< of its file, behind the table's
  std::string caption;  ///< HTML
  std::string svg;      ///< an element, as draw() makes it
};

/// The first metric against trained values: the paper's points, ours and ours beyond the paper, a
/// symbol each and a colour a data set.
std::string picture_of_counts(const nlohmann::json& report);

/// The first metric on the training samples, epoch by epoch, a line a row (its first seed).
std::string picture_of_training(const nlohmann::json& report);

/// How much worse test samples are than training samples, a bar a row.
std::string picture_of_drop(const nlohmann::json& report);

/// What the arena of each row is made of.
std::string picture_of_memory(const nlohmann::json& report);

}  // namespace mapnet
