#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

namespace mapnet {

/// A regular file open for reading at given offsets, straight into the caller's memory. Every error
/// names the file.
class InputFile {
 public:
  explicit InputFile(std::filesystem::path path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  std::size_t size() const { return size_; }  // bytes, when it was opened
  const std::filesystem::path& path() const { return path_; }

  /// Fills `out` from `offset` on. Throws Error when the file ends before that.
  void read(std::size_t offset, std::span<std::uint8_t> out) const;

 private:
  std::filesystem::path path_;
  int fd_ = -1;
  std::size_t size_ = 0;
};

}  // namespace mapnet
