#include "data/manifest.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "common/error.hpp"
#include "data/noise.hpp"

namespace mapnet {

Task task_of(DataFormat format) {
  switch (format) {
    case DataFormat::pm25:
      return Task::forecast;
    case DataFormat::picture_folders:
    case DataFormat::cityscapes:
      return Task::segment;
    case DataFormat::idx:
    case DataFormat::cifar10:
    case DataFormat::cifar100:
    case DataFormat::celeb_df:
    case DataFormat::faceforensics:
      return Task::classify;
  }
  fail("a data format without a task");
}

bool holds_videos(DataFormat format) {
  return format == DataFormat::celeb_df || format == DataFormat::faceforensics;
}

bool holds_videos(std::string_view name) {
  const std::span<const DatasetManifest> all = dataset_manifests();
  return std::any_of(all.begin(), all.end(), [&](const DatasetManifest& m) {
    return m.name == name && holds_videos(m.format);
  });
}

const DatasetManifest& dataset_manifest(std::string_view name) {
  std::string known;
  for (const DatasetManifest& manifest : dataset_manifests()) {
    if (manifest.name == name) return manifest;
    known += (known.empty() ? "" : ", ") + manifest.name;
  }
  fail<UsageError>("unknown dataset '{}'; known: {}, {}", name, known, kNoiseForm);
}

std::string how_to_get(const DatasetManifest& m) {
  if (m.fetchable) return fmt::format("`mapnet data fetch {}` brings it", m.name);
  return m.obtain.empty() ? "Name its folder with --data-dir" : m.obtain;
}

std::string folder_wanted(const DatasetManifest& m) {
  return fmt::format("{}: lies in no object store. {}", m.name, how_to_get(m));
}

}  // namespace mapnet
