#include "data/dataset.hpp"

#include <type_traits>
#include <utility>

#include "common/error.hpp"
#include "data/manifest.hpp"
#include "data/problems.hpp"
#include "data/stored_file.hpp"

namespace mapnet {

namespace fs = std::filesystem;

namespace {

/// `file` in the user's folder, or in an object store.
fs::path place_of(const DatasetManifest& manifest, std::size_t file, const fs::path& folder) {
  return folder.empty() ? stored_file(manifest, manifest.files[file])
                        : folder / manifest.files[file].name;
}

void require_idx_files(const DatasetManifest& manifest, const fs::path& folder) {
  std::vector<std::string> names;
  for (const ManifestFile& file : manifest.files) names.push_back(file.name);
  require_folder(folder);
  require_files(folder, names);
}

DatasetSplit open_idx(const DatasetManifest& manifest, std::size_t images, std::size_t published,
                      const fs::path& folder) {
  const fs::path images_file = place_of(manifest, images, folder);
  const IdxSplit found =
      open_idx_split(manifest, images_file, place_of(manifest, images + 1, folder));
  if (folder.empty() && found.count != published) {
    fail("{}: expected {} images ({}/{}), found {}", found.images.string(), published,
         manifest.name, manifest.files[images].name, found.count);
  }
  return {found.count, found};
}

void open_series(const DatasetManifest& manifest, const fs::path& folder, Dataset& dataset) {
  dataset.series.file =
      folder.empty() ? stored_file(manifest, manifest.files[0]) : find_pm25_file(folder);
  const SeriesCounts counts = series_counts(dataset.series, count_pm25_rows(dataset.series.file));
  dataset.train.count = counts.train;
  dataset.test.count = counts.test;
}

void open_cifar(CifarSplits splits, Dataset& dataset) {
  dataset.train = {count_of(splits.train), std::move(splits.train)};
  dataset.test = {count_of(splits.test), std::move(splits.test)};
}

void open_pictures(SegmentationSplits splits, Dataset& dataset) {
  dataset.train = {splits.train.pictures.size(), std::move(splits.train)};
  dataset.test = {splits.test.pictures.size(), std::move(splits.test)};
}

Dataset make_noise(std::string_view name, const NoiseShape& shape, const DatasetOptions& options) {
  if (!options.folder.empty())
    fail<UsageError>("{}: has no files; --data-dir has no meaning with it", name);
  refuse_series_options(name, options);
  Dataset d;
  d.name = name;
  d.task = shape.pixels ? Task::segment : Task::classify;
  d.channels = shape.channels, d.height = shape.height, d.width = shape.width;
  d.classes = shape.classes;
  d.train = {kNoiseTrainSamples, NoiseSplit{shape, 0, kNoiseTrainSamples}};
  d.test = {kNoiseTestSamples, NoiseSplit{shape, kNoiseTrainSamples, kNoiseTestSamples}};
  return d;
}

}  // namespace

void refuse_series_options(std::string_view name, const DatasetOptions& options) {
  const DatasetOptions defaults;
  if (options.window == defaults.window && options.multivariate == defaults.multivariate &&
      options.missing == defaults.missing)
    return;
  fail<UsageError>("--window, --multivariate and --missing are for a series; {} is none", name);
}

Dataset describe_dataset(std::string_view name, const DatasetOptions& options) {
  if (const auto noise = parse_noise(name)) return make_noise(name, *noise, options);
  const DatasetManifest& m = dataset_manifest(name);
  if (holds_videos(m.format)) {
    fail<UsageError>("{}: holds videos; features of their frames are to be extracted first",
                     m.name);
  }
  Dataset d;
  d.name = m.name;
  d.task = task_of(m.format);
  d.channels = m.channels, d.height = m.height, d.width = m.width;
  d.classes = static_cast<int>(m.class_names.size());
  d.class_names = m.class_names;
  d.ignore = m.ignore;
  d.train.count = m.train_count, d.test.count = m.test_count;
  if (m.format == DataFormat::pm25) {
    d.floats = true;
    d.series = {{}, options.window, options.multivariate, parse_missing(options.missing)};
    d.channels = options.window;
    d.height = static_cast<int>(series_features(d.series));
    const SeriesCounts counts = series_counts(d.series, m.train_count + m.test_count);
    d.train.count = counts.train, d.test.count = counts.test;
  } else {
    refuse_series_options(m.name, options);
  }
  return d;
}

Dataset open_dataset(std::string_view name, const DatasetOptions& options) {
  if (parse_noise(name)) return describe_dataset(name, options);
  const DatasetManifest& m = dataset_manifest(name);
  Dataset d = describe_dataset(name, options);
  if (options.folder.empty() && m.files.empty()) {
    fail("{}", folder_wanted(m));
  }
  switch (m.format) {
    case DataFormat::idx:
      if (!options.folder.empty()) require_idx_files(m, options.folder);
      d.train = open_idx(m, 0, m.train_count, options.folder);
      d.test = open_idx(m, 2, m.test_count, options.folder);
      break;
    case DataFormat::pm25:
      open_series(m, options.folder, d);
      break;
    case DataFormat::cifar10:
      open_cifar(open_cifar10(options.folder), d);
      break;
    case DataFormat::cifar100:
      open_cifar(open_cifar100(options.folder), d);
      break;
    case DataFormat::picture_folders:
      open_pictures(open_picture_folders(m, options.folder), d);
      break;
    case DataFormat::cityscapes:
      open_pictures(open_cityscapes(m, options.folder), d);
      break;
    case DataFormat::celeb_df:
    case DataFormat::faceforensics:
      break;  // not described above
  }
  return d;
}

std::size_t labels_per_sample(const Dataset& d) {
  return d.task == Task::segment ? static_cast<std::size_t>(d.height) * d.width : 1;
}

void read_pixels(const Dataset& d, const DatasetSplit& split, std::span<std::uint8_t> out) {
  std::visit(
      [&]<class Files>(const Files& files) {
        if constexpr (std::is_same_v<Files, std::monostate>)
          fail("{}: a series has no pixels", d.name);
        else if constexpr (std::is_same_v<Files, FeatureSplit>)
          fail("{}: features have no pixels", d.name);
        else
          read_pixels(files, out);
      },
      split.files);
}

void read_labels(const Dataset& d, const DatasetSplit& split, std::span<std::uint8_t> out) {
  std::visit(
      [&]<class Files>(const Files& files) {
        if constexpr (std::is_same_v<Files, std::monostate>)
          fail("{}: a series has no labels", d.name);
        else if constexpr (std::is_same_v<Files, SegmentationSplit> ||
                           std::is_same_v<Files, NoiseSplit> || std::is_same_v<Files, FeatureSplit>)
          read_labels(files, out);
        else
          read_labels(files, static_cast<std::size_t>(d.classes), out);
      },
      split.files);
}

void read_part(const Dataset& d, std::size_t first, std::span<std::uint8_t> pixels,
               std::span<std::uint8_t> labels) {
  const bool training = first < d.train.count;
  const std::size_t at = training ? first : first - d.train.count;
  std::visit(
      [&]<class Files>(const Files& files) {
        if constexpr (std::is_same_v<Files, NoiseSplit>) {
          const NoiseSplit part = {files.shape, files.first + at,
                                   labels.size() / labels_per_sample(d)};
          read_pixels(part, pixels);
          read_labels(part, labels);
        } else if constexpr (std::is_same_v<Files, IdxSplit> || std::is_same_v<Files, CifarSplit>) {
          read_part(files, static_cast<std::size_t>(d.classes), at, pixels, labels);
        } else {
          fail("{}: cannot be read in parts", d.name);
        }
      },
      training ? d.train.files : d.test.files);
}

bool has_pictures(const Dataset& d) {
  return std::holds_alternative<SegmentationSplit>(d.train.files);
}

void decode_sample(const Dataset& d, std::size_t sample, std::span<std::uint8_t> pixels,
                   std::span<std::uint8_t> labels) {
  const bool training = sample < d.train.count;
  const auto* split = std::get_if<SegmentationSplit>(training ? &d.train.files : &d.test.files);
  if (!split) fail("{}: has no pictures to decode", d.name);
  const std::size_t i = training ? sample : sample - d.train.count;
  read_picture(*split, i, pixels);
  read_picture_labels(*split, i, labels);
}

void read_features(const Dataset& d, const DatasetSplit& split, std::span<float> out) {
  const auto* files = std::get_if<FeatureSplit>(&split.files);
  if (!files) fail("{}: no features", d.name);
  read_features(*files, out);
}

Series read_series(const Dataset& d, std::size_t set_aside) {
  if (d.task != Task::forecast) fail("{}: no series", d.name);
  const std::size_t opened = d.train.count + d.test.count + static_cast<std::size_t>(d.channels);
  Series series = read_pm25(d.series, set_aside, opened);
  if (series.rows != opened) {
    fail("{}: expected {} rows as when it was opened, found {}", d.series.file.string(), opened,
         series.rows);
  }
  return series;
}

}  // namespace mapnet
