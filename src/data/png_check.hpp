#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

namespace mapnet {

/// What the decoder does not notice in time, when `bytes` are a PNG; any other file passes. Throws
/// Error naming the file.
/// - stb_image 2.27 makes room for a chunk of picture data, up to 1 GiB, before it looks whether
///   the file has it.
void check_png(const std::filesystem::path& file, std::span<const std::uint8_t> bytes);

}  // namespace mapnet
