#pragma once

#include <sys/wait.h>

#include <boost/test/unit_test.hpp>
#include <cstdio>
#include <initializer_list>
#include <string>

#include "cli/tested_program.hpp"

/// The program, run as a user runs it.
namespace mapnet::test {

struct Outcome {
  int code;
  std::string output;  // standard output and standard error
};

/// Of a command line as a shell reads it.
inline Outcome run_command(const std::string& command) {
  std::FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  BOOST_REQUIRE(pipe);
  Outcome outcome{0, {}};
  char buffer[4096];
  for (std::size_t n; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;)
    outcome.output.append(buffer, n);
  outcome.code = WEXITSTATUS(::pclose(pipe));
  return outcome;
}

inline Outcome mapnet_with(const std::string& arguments) {
  return run_command(tested_program(arguments));
}

/// The exit code, and that the output holds every one of `parts`.
inline void check_outcome(const std::string& arguments, int code,
                          std::initializer_list<std::string> parts) {
  const Outcome outcome = mapnet_with(arguments);
  BOOST_TEST(outcome.code == code, arguments << ": exit code " << outcome.code << ", expected "
                                             << code << "\n"
                                             << outcome.output);
  for (const std::string& part : parts)
    BOOST_TEST(outcome.output.find(part) != std::string::npos, arguments << ": expected '" << part
                                                                         << "' in\n"
                                                                         << outcome.output);
}

}  // namespace mapnet::test
