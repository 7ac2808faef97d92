#pragma once

#include <toml++/toml.h>

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/error.hpp"

namespace mapnet {

/// A TOML file, parsed. Throws UsageError naming the file and line of what is no TOML, Error for a
/// file that cannot be read.
toml::table parse_toml(const std::filesystem::path& file);

/// A TOML table whose keys are known: what is missing, of another type or unknown is a UsageError
/// that names file, line and key.
class TomlReader {
 public:
  TomlReader(const toml::table& table, std::string file, std::string at)
      : table_(table), file_(std::move(file)), at_(std::move(at)) {}

  bool has(const std::string& key) const { return table_.contains(key); }

  /// A value that has to be there, and one that may.
  template <class T>
  T require(const std::string& key) {
    const auto value = find<T>(key);
    if (!value) fail<UsageError>("{}: {}: '{}' is missing", place(), at_, key);
    return *value;
  }
  template <class T>
  std::optional<T> find(const std::string& key) {
    const toml::node* node = take(key);
    if (!node) return std::nullopt;
    if constexpr (std::is_same_v<T, toml::date>) {
      if (const auto* date = node->as_date()) return date->get();
      wrong(*node, key, "a date");
    } else {
      // A whole number is a number, too; nothing else stands for another.
      const bool right = std::is_same_v<T, std::string> ? node->is_string()
                         : std::is_same_v<T, bool>      ? node->is_boolean()
                                                        : node->is_number();
      const auto value = node->template value<T>();
      if (!value || !right) wrong(*node, key, name_of<T>());
      return value;
    }
  }

  std::vector<std::string> texts(const std::string& key);
  std::vector<int> seeds(const std::string& key);  ///< each from 0, and once
  std::optional<std::size_t> count(const std::string& key);

  /// A table within; nothing where it is absent.
  std::optional<TomlReader> table(const std::string& key);
  /// The tables of an array, [[key]].
  std::vector<TomlReader> tables(const std::string& key);

  /// Its keys, in the file's order of names, each of which is then known.
  std::vector<std::string> keys();
  const toml::node* take(const std::string& key);

  /// Throws UsageError for a key that nobody asked for.
  void finish() const;

  /// "FILE:LINE" of the table or of a value.
  std::string place() const;
  std::string place(const toml::node& node) const;
  const std::string& at() const { return at_; }

  [[noreturn]] void wrong(const toml::node& node, const std::string& key,
                          const char* expected) const;

 private:
  template <class T>
  static const char* name_of() {
    if constexpr (std::is_same_v<T, std::string>) return "a text";
    if constexpr (std::is_same_v<T, bool>) return "true or false";
    if constexpr (std::is_integral_v<T>) return "a whole number";
    return "a number";
  }

  const toml::table& table_;
  std::string file_, at_;
  std::set<std::string> known_;
};

}  // namespace mapnet
