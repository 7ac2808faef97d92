#pragma once

#include "common/error.hpp"

/// How a recipe refuses what contradicts itself: the flag, what is wrong, what is expected.
namespace mapnet {

/// Throws UsageError "FLAG WHY" where `given`.
inline void refuse(bool given, const char* flag, const char* why) {
  if (given) fail<UsageError>("{} {}", flag, why);
}

/// Throws UsageError "FLAG is FOUND; expected EXPECTED" unless `ok`.
template <class T>
void require(bool ok, const char* flag, const T& found, const char* expected) {
  if (!ok) fail<UsageError>("{} is {}; expected {}", flag, found, expected);
}

}  // namespace mapnet
