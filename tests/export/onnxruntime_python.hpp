#pragma once

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
  const std::filesystem::path made = folder / "mapnet" / "onnxruntime";
  return std::filesystem::exists(made / "complete") ? (made / "bin" / "python").string()
                                                    : std::string();
}

}  // namespace mapnet::test
