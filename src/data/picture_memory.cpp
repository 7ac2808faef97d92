#include "data/picture_memory.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "common/error.hpp"
#include "data/image.hpp"
#include "data/input_file.hpp"
#include "data/jpeg_check.hpp"
#include "data/png_signature.hpp"

namespace mapnet {

namespace {

// Of the decoder and of vectors: tables, and what a block is rounded up to.
constexpr std::size_t kTables = std::size_t{128} << 10;
// As read_image is asked for at most.
constexpr std::size_t kChannels = 3;

template <std::size_t n>
std::optional<std::array<std::uint8_t, n>> bytes_at(const InputFile& file, std::size_t offset) {
  if (offset > file.size() || file.size() - offset < n) return std::nullopt;
  std::array<std::uint8_t, n> bytes{};
  file.read(offset, bytes);
  return bytes;
}

std::size_t big_endian(const std::uint8_t* bytes, int count) {
  std::size_t value = 0;
  for (int i = 0; i < count; ++i) value = value << 8 | bytes[i];
  return value;
}

bool is_decoded(std::size_t width, std::size_t height) {
  return width > 0 && height > 0 && width <= kMaxImagePixels / height;
}

/// The packed data are gathered in a block that doubles, then unpacked to rows, those become
/// pixels, of a palette or with transparency once more, and these the channels asked for; each
/// stage goes when the next is there.
std::size_t png_bytes(const InputFile& file) {
  // Signature, IHDR's length and name; width, height, bits, colour type, two more, interlacing.
  const auto header = bytes_at<29>(file, 0);
  if (!header) return 0;
  const std::size_t width = big_endian(header->data() + 16, 4);
  const std::size_t height = big_endian(header->data() + 20, 4);
  if (!is_decoded(width, height)) return 0;
  const std::size_t sample = (*header)[24] == 16 ? 2 : 1;
  constexpr std::array<std::size_t, 7> channels_of_type = {1, 1, 3, 1, 2, 1, 4};
  const std::size_t type = std::min<std::size_t>((*header)[25], 6);
  const bool palette = type == 3, interlaced = (*header)[28] != 0;
  const std::size_t pixels = width * height;
  // Rows of an interlaced picture, a byte before each, may make their block double.
  const std::size_t rows =
      (pixels * channels_of_type[type] * sample + height) * (interlaced ? 2 : 1);
  const std::size_t decoded =
      pixels * (palette ? 4 : std::min<std::size_t>(channels_of_type[type] + 1, 4)) * sample;
  const std::size_t gathered = 2 * file.size();
  const std::size_t stages[] = {gathered + rows, rows + decoded + (interlaced ? decoded / 2 : 0),
                                (palette ? pixels : 0) + decoded,
                                decoded + pixels * kChannels * sample, 2 * pixels * kChannels};
  return *std::ranges::max_element(stages);
}

/// Planes of the components in whole blocks, of a progressive file their coefficients too; then the
/// channels asked for.
std::size_t jpeg_bytes(const InputFile& file) {
  for (std::size_t at = 2;;) {
    const auto segment = bytes_at<10>(file, at);  // 0xff, marker, length, bits, height, width, n
    if (!segment || (*segment)[0] != 0xff) return 0;
    const std::uint8_t marker = (*segment)[1];
    if (marker == 0xff) {  // padding
      ++at;
      continue;
    }
    if (marker < 0xc0 || marker > 0xc2) {
      at += 2 + big_endian(segment->data() + 2, 2);
      continue;
    }
    const std::size_t height = big_endian(segment->data() + 5, 2);
    const std::size_t width = big_endian(segment->data() + 7, 2);
    const std::size_t components = (*segment)[9];
    if (!is_decoded(width, height) || components > 4) return 0;
    constexpr std::size_t block = 8 * 4;  // of at most four samples a pixel
    const std::size_t planes = (width + block) * (height + block) * components;
    const bool progressive = marker == 0xc2;
    const std::size_t decoded = width * height * kChannels;
    return std::max(planes * (progressive ? 3 : 1) + decoded, 2 * decoded);
  }
}

}  // namespace

std::size_t reading_bytes(const std::filesystem::path& file) try {
  const InputFile in(file);
  const auto begin = bytes_at<8>(in, 0);
  if (!begin) return 0;
  const std::size_t bytes = is_png(*begin) ? png_bytes(in) : is_jpeg(*begin) ? jpeg_bytes(in) : 0;
  return bytes > 0 ? in.size() + bytes + kTables : 0;
} catch (const Error&) {
  return 0;
}

}  // namespace mapnet
