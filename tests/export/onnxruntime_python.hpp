#pragma once

#include <boost/test/unit_test.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

/// The Python that has ONNX Runtime: scripts/install-deps --onnxruntime makes it.
namespace mapnet::test {

/// MAPNET_ONNXRUNTIME_PYTHON, or where the script puts it; empty where there is none.
inline std::string onnxruntime_python() {
  if (const char* named = std::getenv("MAPNET_ONNXRUNTIME_PYTHON")) return named;
  const char* const cache = std::getenv("XDG_CACHE_HOME");
  const char* const home = std::getenv("HOME");
  const std::filesystem::path folder = cache && *cache
                                           ? std::filesystem::path(cache)
                                           : std::filesystem::path(home ? home : "") / ".cache";
  const std::filesystem::path python = folder / "mapnet" / "onnxruntime" / "bin" / "python";
  return std::filesystem::exists(python) ? python.string() : std::string();
}

/// Runs a command; its exit status is 0 or the test fails with what it said.
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
