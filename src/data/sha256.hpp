#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace mapnet {

/// SHA-256 of a file's contents as 64 lower-case hex digits, read through a small fixed buffer.
/// Throws Error naming the file when it cannot be read.
std::string sha256_hex(const std::filesystem::path& file);

/// The same of bytes in memory.
std::string sha256_hex(std::span<const std::uint8_t> bytes);

/// The same of a text, which is no file's name.
std::string sha256_of_text(std::string_view text);

}  // namespace mapnet
