#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace mapnet {

/// A file that is written piece by piece and takes its place whole or not at all: until then it
/// lies beside it under a name of its own, and is gone when its owner is. Where the name is a
/// symbolic link, the file it leads to is replaced. Who may read and write a file stays as it was.
/// A device, a pipe, or what the process has open (/dev/stdout) is written to as it comes.
class ReplacingFile {
 public:
  /// Creates missing parent folders. Throws Error, as all of it does. Locked while it is written,
  /// so that remove_unfinished knows those that nobody finishes.
  explicit ReplacingFile(const std::filesystem::path& target);
  ~ReplacingFile();
  ReplacingFile(const ReplacingFile&) = delete;
  ReplacingFile& operator=(const ReplacingFile&) = delete;

  void write(std::string_view contents);

  /// Synced, then renamed, and the folder synced. What `target` held before is kept as `previous`,
  /// unless that is empty: at every moment one of the two is whole.
  void put_in_place(const std::filesystem::path& previous = {});

  /// What its name has behind the target's.
  static constexpr std::string_view kUnfinished = ".tmp";

 private:
  void close();
  [[noreturn]] void give_up(const char* what) const;

  std::filesystem::path target_, path_;  // path_ empty: there is nothing to rename
  int fd_ = -1;
};

}  // namespace mapnet
