#include <cstdlib>

#include "data/image.hpp"
#include "data/resize.hpp"
#include "fuzz/memory_file.hpp"
#include "fuzz/target.hpp"

/// Pictures: the bytes as a JPEG or PNG in grey, in colour, and as one of class ids.
using namespace mapnet;

namespace {

/// What callers rely on without looking again.
void check(const Image& image) {
  if (image.pixels.size() != static_cast<std::size_t>(image.width) * image.height * image.channels)
    std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fuzz::MemoryFile file;
  const auto& path = file.hold({data, size});
  if (!fuzz::accepts([&] { read_image_size(path); })) return 0;
  fuzz::accepts([&] { check(read_image(path, 1)); });
  fuzz::accepts([&] {
    const Image image = read_image(path, 3);
    check(image);
    check(resize_smooth(image, {16, 16}));
  });
  fuzz::accepts([&] { check(resize_nearest(read_label_image(path), {16, 16})); });
  return 0;
}
