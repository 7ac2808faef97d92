#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

namespace mapnet::fuzz {

/// A file that lies in memory and has a path, for readers that open one.
class MemoryFile {
 public:
  MemoryFile();
  ~MemoryFile();
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  /// Replaces the contents.
  const std::filesystem::path& hold(std::span<const std::uint8_t> bytes);
  const std::filesystem::path& hold(std::string_view bytes);

 private:
  int fd_;
  std::filesystem::path path_;
};

}  // namespace mapnet::fuzz
