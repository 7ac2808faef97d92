#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

namespace mapnet {

struct DatasetManifest;

/// Labelled images as a pair of IDX files.
struct IdxSplit {
  std::filesystem::path images, labels;
  std::size_t count = 0;
};

/// The headers of one split: shape as in the manifest, as many labels as images.
IdxSplit open_idx_split(const DatasetManifest& manifest, const std::filesystem::path& images,
                        const std::filesystem::path& labels);

/// All pixels, [count, height, width]; all labels, each below `classes`. Throws Error when the
/// files are not as they were when they were opened.
void read_pixels(const IdxSplit& split, std::span<std::uint8_t> out);
void read_labels(const IdxSplit& split, std::size_t classes, std::span<std::uint8_t> out);

/// The same of samples `first` on, as many as the buffers have room for.
void read_part(const IdxSplit& split, std::size_t classes, std::size_t first,
               std::span<std::uint8_t> pixels, std::span<std::uint8_t> labels);

}  // namespace mapnet
