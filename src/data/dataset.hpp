#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mapnet {

struct DatasetManifest;

struct ImageSplit {
  std::filesystem::path images, labels;  // IDX files
  std::size_t count = 0;
};

/// Labelled images on disk; nothing of them is in memory.
struct ImageDataset {
  std::string name;
  int channels = 0, height = 0, width = 0, classes = 0;
  std::vector<std::string> class_names;
  ImageSplit train, test;
};

/// Finds a dataset's files and checks them without loading any.
/// From the object stores (`folder` empty): every hash, and that the headers say what the manifest
/// says. From `folder`, where the four raw files lie under their usual names: the headers alone,
/// and any number of images, so that a user's own files of the same shape will do.
/// Throws UsageError for an unknown name, Error for what is absent or broken.
ImageDataset open_image_dataset(std::string_view name, const std::filesystem::path& folder = {});

/// The headers of one split: shape as in the manifest, as many labels as images.
ImageSplit open_image_split(const DatasetManifest& manifest, const std::filesystem::path& images,
                            const std::filesystem::path& labels);

/// Reads a split's pixels, [count, channels, height, width] row-major (IDX images have one
/// channel), straight into `out`: exactly that many bytes, 0 to 255.
void read_images(const ImageDataset& dataset, const ImageSplit& split, std::span<std::uint8_t> out);

/// Reads a split's labels, exactly count bytes, each below `classes`.
void read_labels(const ImageDataset& dataset, const ImageSplit& split, std::span<std::uint8_t> out);

}  // namespace mapnet
