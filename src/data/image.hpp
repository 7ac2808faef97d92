#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

namespace mapnet {

/// A decoded picture: [height, width, channels] row-major, 0 to 255.
struct Image {
  int width = 0, height = 0, channels = 0;
  std::vector<std::uint8_t> pixels;
};

struct ImageSize {
  int width = 0, height = 0;
  bool operator==(const ImageSize&) const = default;
};

/// What is refused before anything is decoded: a header is a few bytes that anyone may have
/// written, and the decoder allocates what it promises.
constexpr std::size_t kMaxImagePixels = std::size_t{64} << 20;
/// No picture of kMaxImagePixels is larger: four channels of 16 bits, stored as they are.
constexpr std::size_t kMaxImageFileBytes = kMaxImagePixels * 8;
/// Deflate packs at most 1032 bytes into one; above a million pixels a file must be in proportion.
constexpr std::size_t kMaxPixelsPerByte = 2048;

/// A JPEG or PNG file, with 1 channel (grey) or 3 (red, green, blue) whatever the file has. Throws
/// Error naming the file: not such a file, too large, broken.
Image read_image(const std::filesystem::path& file, int channels);

/// A PNG of one 8-bit channel, whose values are class ids and come out as they are. Throws Error
/// for any other: a palette or another depth would change them.
Image read_label_image(const std::filesystem::path& file);

/// From the header alone. Throws Error as read_image does.
ImageSize read_image_size(const std::filesystem::path& file);

/// Interleaved channels to planes: out is [channels, height, width].
void to_planes(const Image& image, std::span<std::uint8_t> out);

/// Whether the name ends as a JPEG's or a PNG's does, in either case.
bool is_image_name(const std::filesystem::path& file);

}  // namespace mapnet
