#pragma once

#include <string>
#include <vector>

/// Tables of plain cells in a report.
namespace mapnet {

using Cells = std::vector<std::string>;

/// A text as HTML shows it.
std::string escaped(const std::string& text);

/// A line of heads, then the others, each as long.
std::string markdown_table(const Cells& head, const std::vector<Cells>& lines);
std::string html_table(const Cells& head, const std::vector<Cells>& lines);

}  // namespace mapnet
