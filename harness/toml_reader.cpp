#include "harness/toml_reader.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <limits>

#include "common/file.hpp"

namespace mapnet {

toml::table parse_toml(const std::filesystem::path& file) {
  try {
    return toml::parse(read_file(file), file.string());
  } catch (const toml::parse_error& e) {
    fail<UsageError>("{}:{}: {}", file.string(), e.source().begin.line,
                     std::string(e.description()));
  }
}

std::string TomlReader::place() const { return place(table_); }

std::string TomlReader::place(const toml::node& node) const {
  return fmt::format("{}:{}", file_, node.source().begin.line);
}

void TomlReader::wrong(const toml::node& node, const std::string& key, const char* expected) const {
  fail<UsageError>("{}: {}: '{}' is not {}", place(node), at_, key, expected);
}

const toml::node* TomlReader::take(const std::string& key) {
  known_.insert(key);
  return table_.get(key);
}

std::vector<std::string> TomlReader::texts(const std::string& key) {
  std::vector<std::string> values;
  const toml::node* node = take(key);
  if (!node) return values;
  const toml::array* array = node->as_array();
  if (!array) wrong(*node, key, "a list");
  for (const toml::node& element : *array) {
    if (!element.is_string()) wrong(element, key, "a list of texts");
    values.push_back(*element.value<std::string>());
  }
  return values;
}

std::vector<int> TomlReader::seeds(const std::string& key) {
  std::vector<int> values;
  const toml::node* node = take(key);
  if (!node) return values;
  const toml::array* array = node->as_array();
  if (!array) wrong(*node, key, "a list");
  for (const toml::node& element : *array) {
    const auto seed = element.is_integer() ? element.value<std::int64_t>() : std::nullopt;
    if (!seed || *seed < 0 || *seed > std::numeric_limits<int>::max())
      wrong(element, key, "a list of seeds: whole numbers from 0 to 2147483647");
    // A run folder a seed: twice the same would be trained into one.
    if (std::ranges::find(values, *seed) != values.end())
      wrong(element, key, "a list of seeds, each once");
    values.push_back(static_cast<int>(*seed));
  }
  return values;
}

std::optional<TomlReader> TomlReader::table(const std::string& key) {
  const toml::node* node = take(key);
  if (!node) return std::nullopt;
  const toml::table* inner = node->as_table();
  if (!inner) wrong(*node, key, "a table");
  return TomlReader(*inner, file_, at_ + "." + key);
}

std::optional<std::size_t> TomlReader::count(const std::string& key) {
  const auto value = find<std::int64_t>(key);
  if (!value) return std::nullopt;
  if (*value < 0) wrong(*table_.get(key), key, "a number from 0");
  return static_cast<std::size_t>(*value);
}

std::vector<TomlReader> TomlReader::tables(const std::string& key) {
  std::vector<TomlReader> readers;
  const toml::node* node = take(key);
  if (!node) return readers;
  const toml::array* array = node->as_array();
  if (!array) wrong(*node, key, "a list of tables, [[...]]");
  for (const toml::node& element : *array) {
    const toml::table* inner = element.as_table();
    if (!inner) wrong(element, key, "a list of tables, [[...]]");
    readers.emplace_back(*inner, file_, at_ + "." + key);
  }
  return readers;
}

std::vector<std::string> TomlReader::keys() {
  std::vector<std::string> names;
  for (const auto& [key, value] : table_) names.emplace_back(key.str());
  known_.insert(names.begin(), names.end());
  return names;
}

void TomlReader::finish() const {
  for (const auto& [key, value] : table_)
    if (!known_.contains(std::string(key.str())))
      fail<UsageError>("{}: {}: unknown key '{}'", place(value), at_, key.str());
}

}  // namespace mapnet
