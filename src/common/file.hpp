#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace mapnet {

/// From wherever the process works later. ".." stays: behind a link it leads elsewhere than it
/// says.
std::filesystem::path absolute_path(const std::filesystem::path& path);

/// Whole contents of a regular file. Throws Error naming the path when it cannot be read.
std::string read_file(const std::filesystem::path& path);

/// Writes `contents` so that `path` holds either its old contents or all of the new ones: a
/// temporary file beside it, synced, then renamed, and the folder synced. Creates missing parent
/// folders. Throws Error.
void write_file_atomic(const std::filesystem::path& path, std::string_view contents);

/// The same, of parts one after another. What `path` held before is kept as `previous`, unless that
/// is empty: at every moment one of the two is whole.
void write_file_atomic(const std::filesystem::path& path, std::span<const std::string_view> parts,
                       const std::filesystem::path& previous = {});

/// Removes what writers of `path` left beside it that were killed before they had finished; not
/// what is being written.
void remove_unfinished(const std::filesystem::path& path);

}  // namespace mapnet
