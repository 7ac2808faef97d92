#pragma once

#include <string>

namespace mapnet::test {

/// The program that is tested, this build's. Its path is compiled into a file of its own, so that
/// the tests read the same in every build and a compiler cache has them.
extern const char* const kTestedProgram;

/// For a shell: the program, then `arguments`.
inline std::string tested_program(const std::string& arguments) {
  return std::string(kTestedProgram) + " " + arguments;
}

}  // namespace mapnet::test
