#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

/// A report's table as people read it: its Markdown and its page show the same cells.
namespace mapnet {

/// A column, a cell each of the metrics of each row; a cell is plain text of one line or more.
struct Column {
  std::string head;
  bool verdicts = false;  ///< cells are what verdict_parts() were put together to
  std::vector<std::string> cells;
};

/// Those that a report has something to say in; ours beyond the paper stand in columns of their own
/// beside the paper's rows (docs/harness.md).
std::vector<Column> columns_of(const nlohmann::json& report);

/// What words of a verdict's line mean, and of the columns: for those that the report has.
std::string legend_of(const nlohmann::json& report, const std::vector<Column>& columns);

/// What rows ran on, each by the letter that stands in their line: "a: cpu (...), mapnet 0.1.0".
std::vector<std::string> machines_of(const nlohmann::json& report);

/// What rows say beside their figures: "ROW: note", "ROW, DATA: message", each once.
std::vector<std::string> notes_of(const nlohmann::json& report);

/// "exceeded; held" into "exceeded", "held".
std::vector<std::string> verdict_parts(const std::string& line);

}  // namespace mapnet
