#pragma once

#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string>
#include <type_traits>

#include "common/error.hpp"
#include "common/file.hpp"

namespace mapnet::test {

/// A folder of its own for each object, gone with it.
struct Folder {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() /
      ("mapnet-test-" + std::to_string(::getpid()) + "-" + std::to_string(made++));
  static inline int made = 0;
  Folder() { std::filesystem::create_directories(path); }
  ~Folder() { std::filesystem::remove_all(path); }

  std::filesystem::path write(const std::string& name, const std::string& contents) const {
    write_file_atomic(path / name, contents);
    return path / name;
  }
};

/// An environment variable set (or, with nullptr, unset) until the end of the scope.
class Environment {
 public:
  Environment(std::string name, const char* value) : name_(std::move(name)) {
    if (const char* before = std::getenv(name_.c_str())) before_ = before;
    set(value);
  }
  ~Environment() { set(before_ ? before_->c_str() : nullptr); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  void set(const char* value) {
    value ? ::setenv(name_.c_str(), value, 1) : ::unsetenv(name_.c_str());
  }
  std::string name_;
  std::optional<std::string> before_;
};

/// `run` must throw E, and its message hold every one of `parts`: file, expectation, finding. An
/// Error is of exit code 1: that of wrong usage is asked for by its own type.
template <class E = Error, class Run>
void check_fails(Run&& run, std::initializer_list<std::string> parts) {
  try {
    run();
    BOOST_ERROR("expected an error that says " << *parts.begin());
  } catch (const E& error) {
    const std::string message = error.what();
    if constexpr (std::is_same_v<E, Error>)
      BOOST_CHECK_MESSAGE(!dynamic_cast<const UsageError*>(&error),
                          "expected an error of exit code 1, found wrong usage: " << message);
    for (const std::string& part : parts) {
      BOOST_CHECK_MESSAGE(message.find(part) != std::string::npos,
                          "expected '" << part << "' in '" << message << "'");
    }
  }
}

}  // namespace mapnet::test
