#pragma once

#include <algorithm>
#include <initializer_list>
#include <string>
#include <vector>

#include "data/image.hpp"
#include "data/png_signature.hpp"

/// Pictures made by hand, of kinds that no writer here has, as a file's bytes.
namespace mapnet::test {

inline std::string text_of(std::initializer_list<int> bytes) {
  std::string text;
  for (const int byte : bytes) text += static_cast<char>(byte);
  return text;
}

inline std::string jpeg_segment(int marker, const std::string& contents) {
  const auto length = static_cast<int>(contents.size() + 2);
  return text_of({0xff, marker, length >> 8, length & 0xff}) + contents;
}

inline constexpr int kBaseline = 0xc0, kProgressive = 0xc2;

/// A JPEG up to its first scan. Its Huffman codes are one bit long, and 0 stands for the same again
/// and nothing else: what scans hold are zeros, and the picture is grey of 128.
inline std::string jpeg_head(int kind, ImageSize size, const std::vector<int>& components) {
  std::string frame = text_of({8, size.height >> 8, size.height & 0xff, size.width >> 8,
                               size.width & 0xff, static_cast<int>(components.size())});
  for (const int name : components) frame += text_of({name, 0x11, 0});
  const std::string codes = text_of({1}) + std::string(15, '\0') + text_of({0});
  return text_of({0xff, 0xd8}) + jpeg_segment(0xdb, text_of({0}) + std::string(64, '\1')) +
         jpeg_segment(kind, frame) + jpeg_segment(0xc4, text_of({0x00}) + codes) +
         jpeg_segment(0xc4, text_of({0x10}) + codes);
}

/// Of one component, the coefficients `first` to `last` of each block.
inline std::string jpeg_scan(int component, int first, int last, std::size_t bytes) {
  return jpeg_segment(0xda, text_of({1, component, 0, first, last, 0})) + std::string(bytes, '\0');
}

inline const std::string jpeg_end = text_of({0xff, 0xd9});

inline std::string progressive_jpeg(ImageSize size, int scans) {
  std::string jpeg = jpeg_head(kProgressive, size, {1}) + jpeg_scan(1, 0, 0, 1);
  for (int scan = 1; scan < scans; ++scan) jpeg += jpeg_scan(1, 1, 63, 1);
  return jpeg + jpeg_end;
}

/// Bytes of the rows of a PNG, each with the one that says how it is filtered.
inline std::size_t png_rows(std::size_t width, std::size_t height, std::size_t pixel_bits) {
  return width == 0 || height == 0 ? 0 : height * ((width * pixel_bits + 7) / 8 + 1);
}

/// The same of an interlaced one: seven passes over pixels that lie apart.
inline std::size_t interlaced_rows(std::size_t width, std::size_t height, std::size_t pixel_bits) {
  constexpr std::size_t x[7] = {0, 4, 0, 2, 0, 1, 0}, y[7] = {0, 0, 4, 0, 2, 0, 1};
  constexpr std::size_t dx[7] = {8, 8, 4, 4, 2, 2, 1}, dy[7] = {8, 8, 8, 4, 4, 2, 2};
  std::size_t bytes = 0;
  for (int pass = 0; pass < 7; ++pass)
    bytes += png_rows((width - x[pass] + dx[pass] - 1) / dx[pass],
                      (height - y[pass] + dy[pass] - 1) / dy[pass], pixel_bits);
  return bytes;
}

/// Kinds of PNG by their number in the header.
enum class PngColour { grey = 0, rgb = 2, palette = 3, grey_alpha = 4, rgba = 6 };

/// A PNG of zeros, which are not packed. Its checksums are zero too: nobody looks at them.
inline std::string made_png(ImageSize size, PngColour colour, int bits, bool interlaced) {
  const auto words = [](std::size_t value) {
    const auto v = static_cast<int>(value);
    return text_of({v >> 24 & 0xff, v >> 16 & 0xff, v >> 8 & 0xff, v & 0xff});
  };
  const auto chunk = [&](const char* name, const std::string& contents) {
    return words(contents.size()) + name + contents + words(0);
  };
  const auto width = static_cast<std::size_t>(size.width);
  const auto height = static_cast<std::size_t>(size.height);
  constexpr std::size_t channels[] = {1, 1, 3, 1, 2, 1, 4};
  const std::size_t pixel_bits =
      channels[static_cast<std::size_t>(colour)] * static_cast<std::size_t>(bits);
  std::string packed = text_of({0x78, 0x01});
  for (std::size_t left = interlaced ? interlaced_rows(width, height, pixel_bits)
                                     : png_rows(width, height, pixel_bits);
       left > 0;) {
    const std::size_t n = std::min<std::size_t>(left, 0xffff);
    left -= n;
    const auto length = static_cast<int>(n);
    packed += text_of({left == 0 ? 1 : 0, length & 0xff, length >> 8, ~length & 0xff,
                       ~length >> 8 & 0xff}) +
              std::string(n, '\0');
  }
  return std::string(kPngSignature) +
         chunk("IHDR", words(width) + words(height) +
                           text_of({bits, static_cast<int>(colour), 0, 0, interlaced ? 1 : 0})) +
         (colour == PngColour::palette ? chunk("PLTE", std::string(3 * 4, '\x55')) : "") +
         chunk("IDAT", packed + words(1)) + chunk("IEND", {});
}

}  // namespace mapnet::test
