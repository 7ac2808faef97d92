#include "data/picture_files.hpp"

#include <boost/test/unit_test.hpp>

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#include <stb/stb_image_write.h>
#pragma GCC diagnostic pop

namespace mapnet::test {

namespace fs = std::filesystem;

void write_png(const fs::path& file, const Image& i) {
  fs::create_directories(file.parent_path());
  BOOST_REQUIRE(stbi_write_png(file.c_str(), i.width, i.height, i.channels, i.pixels.data(),
                               i.width * i.channels));
}

void write_jpeg(const fs::path& file, const Image& i) {
  fs::create_directories(file.parent_path());
  BOOST_REQUIRE(stbi_write_jpg(file.c_str(), i.width, i.height, i.channels, i.pixels.data(), 100));
}

Image plain(int width, int height, int channels, std::uint8_t value) {
  const auto size = static_cast<std::size_t>(width) * height * channels;
  return {width, height, channels, std::vector<std::uint8_t>(size, value)};
}

std::string png_header(unsigned width, unsigned height, int bits, int colour_type) {
  std::string bytes = "\x89PNG\r\n\x1a\n";
  const auto word = [&](unsigned value) {
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xff);
  };
  word(13);
  bytes += "IHDR";
  word(width), word(height);
  bytes += {static_cast<char>(bits), static_cast<char>(colour_type), 0, 0, 0};
  word(0);                         // the checksum, which the decoder does not look at
  word(1 << 10), bytes += "IDAT";  // data to come, and none comes
  return bytes;
}

}  // namespace mapnet::test
