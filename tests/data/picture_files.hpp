#pragma once

#include <filesystem>
#include <string>

#include "data/image.hpp"

namespace mapnet::test {

/// Writes a picture as a PNG, grey where it has one channel, or as a JPEG of quality 100; makes the
/// folders above it.
void write_png(const std::filesystem::path& file, const Image& image);
void write_jpeg(const std::filesystem::path& file, const Image& image);

/// All one value.
Image plain(int width, int height, int channels, std::uint8_t value);

/// The header alone of a PNG that claims a size, bits a channel and a colour type, as a file's
/// bytes.
std::string png_header(unsigned width, unsigned height, int bits, int colour_type);

}  // namespace mapnet::test
