#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace mapnet {

/// The datasets of data_manifests/, embedded when the build is configured: what each file must be.

struct ManifestFile {
  std::string name;    // train-images-idx3-ubyte
  std::string sha256;  // of the raw, unpacked file: 64 lower-case hex digits
};

struct ManifestSplit {
  ManifestFile images, labels;
  std::size_t count;  // images, and labels
};

struct DatasetManifest {
  std::string name;
  int channels, height, width;
  std::vector<std::string> class_names;  // one a class
  ManifestSplit train, test;

  std::array<const ManifestFile*, 4> files() const {
    return {&train.images, &train.labels, &test.images, &test.labels};
  }
};

/// All of them, by name.
std::span<const DatasetManifest> dataset_manifests();

/// The one of that name; UsageError listing the known names when there is none.
const DatasetManifest& dataset_manifest(std::string_view name);

}  // namespace mapnet
