#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

namespace mapnet {

/// Whether a file begins as a JPEG does, without the padding that the decoder lets pass.
bool is_jpeg(std::span<const std::uint8_t> bytes);

/// What the decoder does not notice, or not in time, when `bytes` are a JPEG; any other file
/// passes. Throws Error naming the file.
/// - A JPEG that was cut short is taken for whole, and the rest painted grey: a whole one ends in a
///   marker, behind which some programs leave a few bytes.
/// - A Huffman table of more than 256 codes is written past the end of its array (stb_image 2.27).
void check_jpeg(const std::filesystem::path& file, std::span<const std::uint8_t> bytes);

}  // namespace mapnet
