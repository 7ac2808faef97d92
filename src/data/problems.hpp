#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace mapnet {

struct DatasetManifest;

/// What is wrong with a folder of many files: the first few in words, all of them counted.
class Problems {
 public:
  void add(std::string what);

  /// Throws Error listing them, and where the dataset comes from, unless there are none.
  void require_none(const DatasetManifest& manifest, const std::filesystem::path& folder) const;

 private:
  std::vector<std::string> first_;
  std::size_t count_ = 0;
};

/// Throws Error unless there is such a folder, which the user named.
void require_folder(const std::filesystem::path& folder);

/// Throws Error, listing what is missing, unless `folder` has all these files; `place` says where
/// else it was looked.
void require_files(const std::filesystem::path& folder, const std::vector<std::string>& names,
                   const std::string& place = "there");

/// A folder's entries, files or folders, by name, hidden ones left out. Where it is no folder: a
/// problem, and none.
std::vector<std::filesystem::path> sorted_entries(const std::filesystem::path& folder,
                                                  Problems& problems);

}  // namespace mapnet
