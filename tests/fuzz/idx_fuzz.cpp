#include <vector>

#include "data/idx.hpp"
#include "fuzz/memory_file.hpp"
#include "fuzz/target.hpp"

/// IDX: the bytes as a file of images and as one of labels.
using namespace mapnet;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fuzz::MemoryFile file;
  const auto& path = file.hold({data, size});
  fuzz::accepts([&] {
    const IdxImages images = open_idx_images(path);
    std::vector<std::uint8_t> pixels(images.count * images.height * images.width);
    read_idx(images, pixels);
  });
  fuzz::accepts([&] {
    const IdxLabels labels = open_idx_labels(path);
    std::vector<std::uint8_t> values(labels.count);
    read_idx(labels, 10, values);
  });
  return 0;
}
