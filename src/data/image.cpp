#include "data/image.hpp"

#include <algorithm>
#include <memory>
#include <string>

#include "common/error.hpp"
#include "data/input_file.hpp"
#include "data/jpeg_check.hpp"
#include "data/png_check.hpp"
#include "data/png_signature.hpp"
#include "data/stb_image.hpp"

namespace mapnet {

namespace fs = std::filesystem;

namespace {

/// No picture of kMaxImagePixels is larger: four channels of 16 bits, stored as they are.
constexpr std::size_t kMaxFileBytes = kMaxImagePixels * 8;

std::vector<std::uint8_t> file_bytes(const fs::path& path) {
  const InputFile file(path);
  if (file.size() > kMaxFileBytes) {
    fail("{}: expected an image file of at most {} bytes, found {}", path.string(), kMaxFileBytes,
         file.size());
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

/// The header's size, when it may be decoded.
ImageSize check_header(const fs::path& path, std::span<const std::uint8_t> bytes) {
  ImageSize size;
  int channels = 0;
  if (!stbi_info_from_memory(bytes.data(), static_cast<int>(bytes.size()), &size.width,
                             &size.height, &channels)) {
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
  return size;
}

Image decode(const fs::path& path, std::span<const std::uint8_t> file, int channels) {
  const std::span<const std::uint8_t> bytes = picture_in(path, file);
  check_header(path, bytes);
  check_png(path, bytes);
  Image image;
  int channels_of_file = 0;
  const std::unique_ptr<stbi_uc, decltype(&stbi_image_free)> pixels(
      stbi_load_from_memory(bytes.data(), static_cast<int>(bytes.size()), &image.width,
                            &image.height, &channels_of_file, channels),
      &stbi_image_free);
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
  return check_header(file, picture_in(file, bytes));
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
