#include "data/idx_split.hpp"

#include "common/error.hpp"
#include "data/idx.hpp"
#include "data/manifest.hpp"

namespace mapnet {

namespace fs = std::filesystem;

namespace {

/// The header again: the file may have changed since the dataset was opened.
void require_count(const fs::path& file, std::size_t count, const IdxSplit& split) {
  if (count == split.count) return;
  fail("{}: expected {} items as when it was opened, found {}", file.string(), split.count, count);
}

}  // namespace

IdxSplit open_idx_split(const DatasetManifest& manifest, const fs::path& images_file,
                        const fs::path& labels_file) {
  const IdxImages images = open_idx_images(images_file);
  if (images.height != static_cast<std::size_t>(manifest.height) ||
      images.width != static_cast<std::size_t>(manifest.width)) {
    fail("{}: expected images of {} x {} ({}), found {} x {}", images_file.string(),
         manifest.height, manifest.width, manifest.name, images.height, images.width);
  }
  const IdxLabels labels = open_idx_labels(labels_file);
  if (labels.count != images.count) {
    fail("{}: expected {} labels, one for each image in {}, found {}", labels_file.string(),
         images.count, images_file.string(), labels.count);
  }
  return {images_file, labels_file, images.count};
}

void read_pixels(const IdxSplit& split, std::span<std::uint8_t> out) {
  const IdxImages images = open_idx_images(split.images);
  require_count(split.images, images.count, split);
  read_idx(images, out);
}

void read_part(const IdxSplit& split, std::size_t classes, std::size_t first,
               std::span<std::uint8_t> pixels, std::span<std::uint8_t> labels) {
  const IdxImages images = open_idx_images(split.images);
  require_count(split.images, images.count, split);
  read_idx(images, first, pixels);
  const IdxLabels all = open_idx_labels(split.labels);
  require_count(split.labels, all.count, split);
  read_idx(all, classes, first, labels);
}

void read_labels(const IdxSplit& split, std::size_t classes, std::span<std::uint8_t> out) {
  const IdxLabels labels = open_idx_labels(split.labels);
  require_count(split.labels, labels.count, split);
  read_idx(labels, classes, out);
}

}  // namespace mapnet
