#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace mapnet {

/// Whole contents of a regular file. Throws Error naming the path when it cannot be read.
std::string read_file(const std::filesystem::path& path);

/// Writes `contents` so that `path` holds either its old contents or all of the new ones: a
/// temporary file beside it, synced, then renamed. Creates missing parent folders. Throws Error.
void write_file_atomic(const std::filesystem::path& path, std::string_view contents);

}  // namespace mapnet
