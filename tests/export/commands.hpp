#pragma once

#include <boost/test/unit_test.hpp>
#include <cstdio>
#include <string>

namespace mapnet::test {

/// What a shell command says; its exit status is 0 or the test ends with it.
inline std::string output_of(const std::string& command) {
  std::FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  BOOST_REQUIRE(pipe);
  std::string output;
  char buffer[4096];
  for (std::size_t n; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;)
    output.append(buffer, n);
  const int status = ::pclose(pipe);
  BOOST_REQUIRE_MESSAGE(status == 0, command << ": status " << status << "\n" << output);
  return output;
}

}  // namespace mapnet::test
