#include "data/csv.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "common/error.hpp"
#include "data/input_file.hpp"

namespace mapnet {

namespace {

/// A field takes 16 bytes in memory, and a comma in the file: a table of nothing else is none.
constexpr std::size_t kMaxFields = 4096;
constexpr double kMost = 1e30;  // of a number: a float, and what is computed of it in double

std::string whole_file(const std::filesystem::path& path) {
  const InputFile file(path);
  std::string contents(file.size(), '\0');
  file.read(0, {reinterpret_cast<std::uint8_t*>(contents.data()), contents.size()});
  return contents;
}

}  // namespace

CsvTable::CsvTable(const std::filesystem::path& file)
    : file_(file), contents_(whole_file(file)), rest_(contents_) {
  if (rest_.starts_with("\xef\xbb\xbf")) rest_.remove_prefix(3);
  while (rest_.ends_with('\n') || rest_.ends_with('\r')) rest_.remove_suffix(1);
  if (!split_line()) fail("{}: expected a header line, found an empty file", file_.string());
  header_ = fields_;
}

std::size_t CsvTable::column(std::string_view name) const {
  const auto found = std::ranges::find(header_, name);
  if (found == header_.end()) {
    fail("{}:1: expected a column '{}', found {}", file_.string(), name, fmt::join(header_, ", "));
  }
  return static_cast<std::size_t>(found - header_.begin());
}

bool CsvTable::next() {
  if (!split_line()) return false;
  if (fields_.size() != header_.size()) {
    fail("{}:{}: expected {} fields as in the header, found {}", file_.string(), line_,
         header_.size(), fields_.size());
  }
  return true;
}

bool CsvTable::split_line() {
  if (rest_.empty()) return false;
  ++line_;
  std::string_view line = rest_.substr(0, rest_.find('\n'));
  rest_.remove_prefix(std::min(rest_.size(), line.size() + 1));
  if (line.ends_with('\r')) line.remove_suffix(1);
  fields_.clear();
  for (bool more = true; more;) {
    if (fields_.size() == kMaxFields)
      fail("{}:{}: expected at most {} fields, found more", file_.string(), line_, kMaxFields);
    std::size_t end = line.find(',');
    std::string_view field = line.substr(0, end);
    if (field.starts_with('"')) {
      const std::size_t quote = line.find('"', 1);
      if (quote == std::string_view::npos || (quote + 1 < line.size() && line[quote + 1] != ',')) {
        fail("{}:{}: expected a quote that ends field {} before a comma, found none",
             file_.string(), line_, fields_.size() + 1);
      }
      field = line.substr(1, quote - 1);
      end = quote + 1 < line.size() ? quote + 1 : std::string_view::npos;
    }
    fields_.push_back(field);
    more = end != std::string_view::npos;
    line.remove_prefix(more ? end + 1 : line.size());
  }
  return true;
}

double CsvTable::number(std::size_t column) const {
  const std::string_view field = fields_[column];
  double value = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (error != std::errc() || end != field.data() + field.size() || !std::isfinite(value))
    refuse(column, "a number");
  if (std::abs(value) > kMost) refuse(column, "a number no larger than 1e30");
  return value;
}

int CsvTable::integer(std::size_t column) const {
  const std::string_view field = fields_[column];
  int value = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (error != std::errc() || end != field.data() + field.size()) refuse(column, "a whole number");
  return value;
}

void CsvTable::refuse(std::size_t column, std::string_view expected) const {
  fail("{}:{}: column {}: expected {}, found '{}'", file_.string(), line_, header_[column],
       expected, fields_[column]);
}

}  // namespace mapnet
