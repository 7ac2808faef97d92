#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

namespace mapnet {

/// A file for what a run has no memory for. It has no name: it is gone when its owner is, however
/// that ends. It lies in $TMPDIR, else in /var/tmp, which unlike /tmp is a disk everywhere.
class NamelessFile {
 public:
  /// Room for `bytes` of `contents` ("samples"), all of it now: a full disk is better found before
  /// training than in the middle. Throws Error naming the folder when there is none.
  NamelessFile(std::string contents, std::size_t bytes);
  ~NamelessFile();
  NamelessFile(const NamelessFile&) = delete;
  NamelessFile& operator=(const NamelessFile&) = delete;

  /// Two stretches that lie side by side from `offset` on, either of which may be empty. Any number
  /// of threads at once. Throw Error.
  void write(std::size_t offset, std::span<const std::byte> first,
             std::span<const std::byte> second = {}) const;
  void read(std::size_t offset, std::span<std::byte> first, std::span<std::byte> second = {}) const;

 private:
  [[noreturn]] void refuse(const char* what) const;

  std::string contents_;
  std::filesystem::path folder_;
  int fd_ = -1;
};

}  // namespace mapnet
