#include "harness/complaint.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <sstream>

#include "common/file.hpp"

namespace mapnet {

namespace {

/// The first line, and the second where the first ends in a colon.
std::string beginning_of(const std::string& text) {
  std::istringstream lines(text);
  std::string line, next;
  std::getline(lines, line);
  if (line.ends_with(':') && std::getline(lines, next))
    line += " " + next.substr(std::min(next.size(), next.find_first_not_of(' ')));
  return line;
}

}  // namespace

std::string how_it_ended(int code) {
  return code < 128 ? fmt::format("ended with exit code {}", code)
                    : fmt::format("ended by signal {}", code - 128);
}

std::string last_complaint(const std::string& text) {
  constexpr std::string_view kProgram = "mapnet: ";
  std::size_t begin = std::string::npos;
  for (std::size_t at = text.find(kProgram); at != std::string::npos;
       at = text.find(kProgram, at + 1))
    if (at == 0 || text[at - 1] == '\n' || text[at - 1] == '\r') begin = at + kProgram.size();
  return begin == std::string::npos ? std::string() : beginning_of(text.substr(begin));
}

std::string complaint_of(const ProgramOutput& output, const std::string& program) {
  std::string complaint = last_complaint(output.errors);
  if (complaint.empty()) complaint = beginning_of(output.errors);
  if (!complaint.empty()) return complaint;
  return fmt::format("`{}` {}", program, how_it_ended(output.exit_code));
}

std::string why_it_failed(const std::filesystem::path& output, int code) {
  std::string complaint;
  if (code < 128 && std::filesystem::exists(output)) complaint = last_complaint(read_file(output));
  if (!complaint.empty()) return complaint;
  return fmt::format("{}; see {}", how_it_ended(code), output.string());
}

}  // namespace mapnet
