#include "data/dataset.hpp"

#include <fmt/format.h>

#include "common/error.hpp"
#include "data/idx.hpp"
#include "data/manifest.hpp"
#include "data/store.hpp"

namespace mapnet {

namespace fs = std::filesystem;

namespace {

fs::path stored_file(const DatasetManifest& manifest, const ManifestFile& file) {
  const auto object = find_object(file.sha256);
  if (!object) {
    fail("{}/{}: in no object store (SHA-256 {}); run `mapnet data fetch {}`", manifest.name,
         file.name, file.sha256, manifest.name);
  }
  verify_object(*object, file.sha256);
  return *object;
}

ImageSplit open_split(const DatasetManifest& manifest, const ManifestSplit& split,
                      const fs::path& folder) {
  if (!folder.empty()) {
    return open_image_split(manifest, folder / split.images.name, folder / split.labels.name);
  }
  const fs::path images = stored_file(manifest, split.images);
  const fs::path labels = stored_file(manifest, split.labels);
  ImageSplit found = open_image_split(manifest, images, labels);
  if (found.count != split.count) {
    fail("{}: expected {} images ({}/{}), found {}", images.string(), split.count, manifest.name,
         split.images.name, found.count);
  }
  return found;
}

/// The header again: the file may have changed since the dataset was opened.
void require_count(const fs::path& file, std::size_t count, const ImageSplit& split) {
  if (count == split.count) return;
  fail("{}: expected {} items as when it was opened, found {}", file.string(), split.count, count);
}

}  // namespace

ImageSplit open_image_split(const DatasetManifest& manifest, const fs::path& images_file,
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

ImageDataset open_image_dataset(std::string_view name, const fs::path& folder) {
  const DatasetManifest& manifest = dataset_manifest(name);
  return {manifest.name,
          manifest.channels,
          manifest.height,
          manifest.width,
          static_cast<int>(manifest.class_names.size()),
          manifest.class_names,
          open_split(manifest, manifest.train, folder),
          open_split(manifest, manifest.test, folder)};
}

void read_images(const ImageDataset&, const ImageSplit& split, std::span<std::uint8_t> out) {
  const IdxImages images = open_idx_images(split.images);
  require_count(split.images, images.count, split);
  read_idx(images, out);
}

void read_labels(const ImageDataset& dataset, const ImageSplit& split,
                 std::span<std::uint8_t> out) {
  const IdxLabels labels = open_idx_labels(split.labels);
  require_count(split.labels, labels.count, split);
  read_idx(labels, static_cast<std::size_t>(dataset.classes), out);
}

}  // namespace mapnet
