#include "harness/text_table.hpp"

#include <fmt/format.h>

namespace mapnet {

std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '&')
      result += "&amp;";
    else if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else if (c == '"')
      result += "&quot;";
    else
      result += c;
  }
  return result;
}

std::string markdown_table(const Cells& head, const std::vector<Cells>& lines) {
  std::string text = fmt::format("| {} |\n", fmt::join(head, " | "));
  for (std::size_t i = 0; i < head.size(); ++i) text += "|---";
  text += "|\n";
  for (const Cells& line : lines) text += fmt::format("| {} |\n", fmt::join(line, " | "));
  return text;
}

std::string html_table(const Cells& head, const std::vector<Cells>& lines) {
  std::string text = "<div class=\"scroll\"><table><tr>";
  for (const std::string& cell : head) text += "<th>" + escaped(cell);
  text += "</tr>\n";
  for (const Cells& line : lines) {
    text += "<tr>";
    for (const std::string& cell : line) text += "<td>" + escaped(cell);
    text += "</tr>\n";
  }
  return text + "</table></div>\n";
}

}  // namespace mapnet
