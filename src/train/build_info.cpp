#include "train/build_info.hpp"

#include <fmt/core.h>

#include <filesystem>
#include <string_view>

#include "commit.hpp"
#include "data/sha256.hpp"
#include "device/device.hpp"
#include "version.hpp"

namespace mapnet {

namespace {

/// A commit tells what a program was built from, but for changes that were not committed.
bool commit_tells() {
  const std::string_view commit = kCommit;
  return commit != "unknown" && !commit.ends_with("-dirty");
}

}  // namespace

std::string version_string() { return fmt::format("{} ({})", kVersion, kCommit); }

std::string build_info() {
  const std::string cpu = cpu_libraries();
  return fmt::format("mapnet {}\ncompilers: {}\ncpu: {}\ncuda: {}", version_string(), kCompilers,
                     cpu.empty() ? "not built" : cpu, kCudaLibraries);
}

std::string program_identity() {
  static const std::string identity =
      build_info() + (commit_tells() ? "" : "\nfile: " + sha256_hex("/proc/self/exe"));
  return identity;
}

}  // namespace mapnet
