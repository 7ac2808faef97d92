#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

namespace mapnet {

/// IDX, the format of MNIST and its kin: big-endian 32-bit words (magic, then one size a
/// dimension), then unsigned bytes, row-major. Images are [count, height, width], labels [count].

struct IdxImages {
  std::filesystem::path file;
  std::size_t count = 0, height = 0, width = 0;
};

struct IdxLabels {
  std::filesystem::path file;
  std::size_t count = 0;
};

/// Reads and checks the header: the magic, and that the file is exactly as long as its sizes say.
/// Throws Error naming file, expectation and finding.
IdxImages open_idx_images(const std::filesystem::path& file);
IdxLabels open_idx_labels(const std::filesystem::path& file);

/// Reads all pixels, count * height * width bytes, straight into `out`, which must be of that size.
void read_idx(const IdxImages& images, std::span<std::uint8_t> out);

/// The same of whole images from `first` on, as many as fit.
void read_idx(const IdxImages& images, std::size_t first, std::span<std::uint8_t> out);

/// Reads all labels, count bytes, straight into `out`; a label not below `classes` is an Error
/// naming its index.
void read_idx(const IdxLabels& labels, std::size_t classes, std::span<std::uint8_t> out);

/// The same of labels from `first` on, as many as fit.
void read_idx(const IdxLabels& labels, std::size_t classes, std::size_t first,
              std::span<std::uint8_t> out);

}  // namespace mapnet
