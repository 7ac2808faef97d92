#include "data/image.hpp"

#include <algorithm>
#include <memory>
#include <string>

#include "common/error.hpp"
#include "data/decoder_memory.hpp"
#include "data/input_file.hpp"
#include "data/jpeg_check.hpp"
#include "data/png_check.hpp"
#include "data/png_signature.hpp"
#include "data/stb_image.hpp"

namespace mapnet {

namespace fs = std::filesystem;

namespace {

/// What the decoder may take for data behind the last row: some programs write a little.
constexpr std::size_t kSurplusBytes = std::size_t{64} << 10;

std::vector<std::uint8_t> file_bytes(const fs::path& path) {
  const InputFile file(path);
  if (file.size() > kMaxImageFileBytes) {
    fail("{}: expected an image file of at most {} bytes, found {}", path.string(),
         kMaxImageFileBytes, file.size());
  }
  std::vector<std::uint8_t> bytes(file.size());
  file.read(0, bytes);
  return bytes;
}

/// What of a file the decoder may see, before it is asked for anything: it reads tables even when
/// that is the size alone.
std::span<const std::uint8_t> picture_in(const fs::path& path,
                                         std::span<const std::uint8_t> bytes) {
  if (!is_jpeg(bytes) && !is_png(bytes))
    fail("{}: expected a JPEG or PNG image, found none", path.string());
  return check_jpeg(path, bytes);
}

/// What a header says.
struct PictureHeader {
  ImageSize size;
  int channels = 0;
};

/// The header, when what it says may be decoded.
PictureHeader check_header(const fs::path& path, std::span<const std::uint8_t> bytes) {
  PictureHeader header;
  ImageSize& size = header.size;
  if (!stbi_info_from_memory(bytes.data(), static_cast<int>(bytes.size()), &size.width,
                             &size.height, &header.channels)) {
    fail("{}: expected a JPEG or PNG image, found none: {}", path.string(), stbi_failure_reason());
  }
  const std::size_t pixels =
      static_cast<std::size_t>(size.width) * static_cast<std::size_t>(size.height);
  if (pixels > kMaxImagePixels) {
    fail("{}: expected an image of at most {} pixels, found {} x {}", path.string(),
         kMaxImagePixels, size.width, size.height);
  }
  if (pixels > 1'000'000 && pixels / kMaxPixelsPerByte > bytes.size()) {
    fail("{}: expected more than {} bytes for an image of {} x {}, as its header says, found {}",
         path.string(), pixels / kMaxPixelsPerByte, size.width, size.height, bytes.size());
  }
  return header;
}

/// What a PNG of such a header unpacks to at most: rows of pixels, each with a byte that says how
/// it is filtered.
std::size_t unpacked_bytes(const PictureHeader& header, std::span<const std::uint8_t> bytes) {
  const bool wide = stbi_is_16_bit_from_memory(bytes.data(), static_cast<int>(bytes.size()));
  const std::size_t pixel = static_cast<std::size_t>(header.channels) * (wide ? 2 : 1);
  return static_cast<std::size_t>(header.size.height) *
         (static_cast<std::size_t>(header.size.width) * pixel + 1);
}

Image decode(const fs::path& path, std::span<const std::uint8_t> file, int channels) {
  const std::span<const std::uint8_t> bytes = picture_in(path, file);
  const PictureHeader header = check_header(path, bytes);
  const std::size_t unpacked = unpacked_bytes(header, bytes);
  check_png(path, bytes);
  // The decoder doubles what it has: of the file, whose packed bytes it gathers, and of what they
  // unpack to, which of an interlaced picture may be nearly twice the rows.
  const std::size_t most = 2 * (unpacked + bytes.size()) + kSurplusBytes;
  const DecoderMemory memory(most);
  Image image;
  int channels_of_file = 0;
  const std::unique_ptr<stbi_uc, decltype(&stbi_image_free)> pixels(
      stbi_load_from_memory(bytes.data(), static_cast<int>(bytes.size()), &image.width,
                            &image.height, &channels_of_file, channels),
      &stbi_image_free);
  if (memory.exceeded()) {
    fail(
        "{}: expected data that unpacks to {} bytes, an image of {} x {} as its header says, "
        "found more than {}",
        path.string(), unpacked, header.size.width, header.size.height, most);
  }
  if (!pixels) fail("{}: the image is broken: {}", path.string(), stbi_failure_reason());
  image.channels = channels;
  image.pixels.assign(
      pixels.get(), pixels.get() + static_cast<std::size_t>(image.width) * image.height * channels);
  return image;
}

}  // namespace

Image read_image(const fs::path& file, int channels) {
  return decode(file, file_bytes(file), channels);
}

Image read_label_image(const fs::path& file) {
  const std::vector<std::uint8_t> bytes = file_bytes(file);
  // Signature, the length of IHDR and its name, width, height; then bits a channel and colour type.
  if (bytes.size() < 26 || !is_png(bytes))
    fail("{}: expected a PNG of class ids, found something else", file.string());
  const int bits = bytes[24], colour_type = bytes[25];
  if (bits != 8 || colour_type != 0) {
    fail("{}: expected one grey channel of 8 bits (class ids), found PNG colour type {} of {} bits",
         file.string(), colour_type, bits);
  }
  return decode(file, bytes, 1);
}

ImageSize read_image_size(const fs::path& file) {
  const std::vector<std::uint8_t> bytes = file_bytes(file);
  return check_header(file, picture_in(file, bytes)).size;
}

void to_planes(const Image& image, std::span<std::uint8_t> out) {
  const auto channels = static_cast<std::size_t>(image.channels);
  const std::size_t plane = image.pixels.size() / channels;
  for (std::size_t c = 0; c < channels; ++c)
    for (std::size_t i = 0; i < plane; ++i) out[c * plane + i] = image.pixels[i * channels + c];
}

bool is_image_name(const fs::path& file) {
  std::string extension = file.extension().string();
  std::ranges::transform(extension, extension.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return extension == ".jpg" || extension == ".jpeg" || extension == ".png";
}

}  // namespace mapnet
