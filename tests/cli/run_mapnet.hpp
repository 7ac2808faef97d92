#pragma once

#include <sys/wait.h>

#include <boost/test/unit_test.hpp>
#include <cstdio>
#include <initializer_list>
#include <string>

namespace mapnet::test {

struct Outcome {
  int code;
  std::string output;  // standard output and standard error
};

/// The program as a user runs it.
inline Outcome run_mapnet(const std::string& arguments) {
  const std::string command = std::string(MAPNET_PROGRAM) + " " + arguments + " 2>&1";
  std::FILE* pipe = ::popen(command.c_str(), "r");
  BOOST_REQUIRE(pipe);
  Outcome outcome{0, {}};
  char buffer[4096];
  for (std::size_t n; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;)
    outcome.output.append(buffer, n);
  outcome.code = WEXITSTATUS(::pclose(pipe));
  return outcome;
}

/// Its exit code, and parts of what it prints.
inline void check_run(const std::string& arguments, int code,
                      std::initializer_list<std::string> parts) {
  const Outcome outcome = run_mapnet(arguments);
  BOOST_TEST(outcome.code == code, arguments << ": exit code " << outcome.code << ", expected "
                                             << code << "\n"
                                             << outcome.output);
  for (const std::string& part : parts)
    BOOST_TEST(outcome.output.find(part) != std::string::npos, arguments << ": expected '" << part
                                                                         << "' in\n"
                                                                         << outcome.output);
}

}  // namespace mapnet::test
