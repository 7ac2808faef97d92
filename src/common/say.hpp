#pragma once

#include <fmt/core.h>

#include <cstdio>
#include <string>
#include <utility>

namespace mapnet {

/// Prints to standard error: progress, notices, complaints. Where that is full, or nobody reads it
/// any more, the text is lost and nothing else: work of hours does not end with it. Results go to
/// standard output, whose loss is a failure.
template <class... Args>
void say(fmt::format_string<Args...> format, Args&&... args) {
  const std::string text = fmt::format(format, std::forward<Args>(args)...);
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

}  // namespace mapnet
