#pragma once

#include <fmt/core.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace mapnet {

/// Something failed that the caller could not have known: a missing file, a full disk, bad data.
/// The program ends with exit code 1.
struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The request itself was wrong: an unknown name, contradictory flags. Exit code 2.
struct UsageError : Error {
  using Error::Error;
};

/// Throws E (Error by default) with a formatted message.
template <class E = Error, class... Args>
[[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) {
  throw E(fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace mapnet
