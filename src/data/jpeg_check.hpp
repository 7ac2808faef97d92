#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

namespace mapnet {

/// Whether a file begins as a JPEG does, without the padding that the decoder lets pass.
bool is_jpeg(std::span<const std::uint8_t> bytes);

/// What the decoder does not notice, or not in time, when `bytes` are a JPEG; any other file
/// passes. Throws Error naming the file. Returns what is to be decoded: a JPEG up to its end marker
/// (behind it some programs leave bytes of their own, cameras whole films), any other file whole.
/// - A JPEG that was cut short is taken for whole, and the rest painted grey.
/// - A Huffman table of more than 256 codes is written past the end of its array (stb_image 2.27).
/// - Any number of scans is followed, each of a few bytes in the file and a walk over all pixels.
/// - Of a component that no scan holds, pixels are given out all the same.
std::span<const std::uint8_t> check_jpeg(const std::filesystem::path& file,
                                         std::span<const std::uint8_t> bytes);

}  // namespace mapnet
