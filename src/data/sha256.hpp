#pragma once

#include <filesystem>
#include <string>

namespace mapnet {

/// SHA-256 of a file's contents as 64 lower-case hex digits, read through a small fixed buffer.
/// Throws Error naming the file when it cannot be read.
std::string sha256_hex(const std::filesystem::path& file);

}  // namespace mapnet
