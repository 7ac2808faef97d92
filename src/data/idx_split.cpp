#include "data/idx_split.hpp"

#include "common/error.hpp"
#include "data/idx.hpp"
#include "data/manifest.hpp"

namespace mapnet {

namespace fs = std::filesystem;

namespace {

/// The header again: the file may have changed since the dataset was opened.
template <class Items>
Items same_as_opened(const Items& items, const IdxSplit& split) {
  if (items.count != split.count)
    fail("{}: expected {} items as when it was opened, found {}", items.file.string(), split.count,
         items.count);
  return items;
}

IdxImages images_of(const IdxSplit& split) {
  return same_as_opened(open_idx_images(split.images), split);
}

IdxLabels labels_of(const IdxSplit& split) {
  return same_as_opened(open_idx_labels(split.labels), split);
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
  read_idx(images_of(split), out);
}

void read_labels(const IdxSplit& split, std::size_t classes, std::span<std::uint8_t> out) {
  read_idx(labels_of(split), classes, out);
}

void read_part(const IdxSplit& split, std::size_t classes, std::size_t first,
               std::span<std::uint8_t> pixels, std::span<std::uint8_t> labels) {
  read_idx(images_of(split), first, pixels);
  read_idx(labels_of(split), classes, first, labels);
}

}  // namespace mapnet
