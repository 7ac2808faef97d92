#include "data/png.hpp"

#include <memory>

#include "common/error.hpp"

// The one place that holds stb_image_write's code; files are written by us.
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#include <stb/stb_image_write.h>

namespace mapnet {

std::string encode_png(const Image& image) {
  int size = 0;
  const std::unique_ptr<unsigned char, decltype(&std::free)> bytes(
      stbi_write_png_to_mem(image.pixels.data(), image.width * image.channels, image.width,
                            image.height, image.channels, &size),
      &std::free);
  if (!bytes) fail("no memory for a PNG of {} x {}", image.width, image.height);
  return {reinterpret_cast<const char*>(bytes.get()), static_cast<std::size_t>(size)};
}

}  // namespace mapnet
