#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/task.hpp"
#include "data/cifar.hpp"
#include "data/features.hpp"
#include "data/idx_split.hpp"
#include "data/noise.hpp"
#include "data/pm25.hpp"
#include "data/segmentation.hpp"

namespace mapnet {

struct DatasetSplit {
  std::size_t count = 0;  // samples

  /// Of a series: none, its file is in Dataset::series.
  std::variant<std::monostate, IdxSplit, CifarSplit, SegmentationSplit, NoiseSplit, FeatureSplit>
      files = {};
};

/// A data set on disk; nothing of it is in memory.
struct Dataset {
  std::string name;
  Task task = Task::classify;
  /// A network's input: images [channels, height, width]; of a series, windows of `channels` steps
  /// of `height` features, width 1.
  int channels = 0, height = 0, width = 0;
  int classes = 0;  // a network's outputs: classes, or values to forecast
  std::vector<std::string> class_names;
  int ignore = -1;      // label of pixels that count nowhere
  bool floats = false;  // inputs are float32, not 8-bit pixels: windows of a series where the task
                        // is to forecast, else vectors of features
  DatasetSplit train, test;
  SeriesFile series;  // of a forecast
};

/// What flags choose.
struct DatasetOptions {
  std::filesystem::path folder = {};  // the raw files lie there; empty: in object stores
  int window = 24;                    // of a series: steps of a sample
  bool multivariate = false;          // of a series: all its columns, not only the one forecast
  std::string missing = "previous";   // of a series: parse_missing
};

/// Throws UsageError for options of a series: the data set of that name is none.
void refuse_series_options(std::string_view name, const DatasetOptions& options);

/// What the data set is as published, without a look at its files: shapes and counts. Throws
/// UsageError for an unknown name, options that contradict it, or videos (videos.hpp). Noise
/// (noise.hpp) is described by its name alone.
Dataset describe_dataset(std::string_view name, const DatasetOptions& options = {});

/// Finds a dataset's files and checks them without loading any.
/// From the object stores (`folder` empty): every hash, and that the headers say what the manifest
/// says. From `folder`, where the raw files lie under their usual names: their structure alone, and
/// any number of samples, so that a user's own files of the same shape will do.
/// Throws UsageError as describe_dataset does, Error for what is absent or broken: also where a
/// data set that is in no object store comes without a folder.
Dataset open_dataset(std::string_view name, const DatasetOptions& options = {});

/// 1, or a label a pixel.
std::size_t labels_per_sample(const Dataset& dataset);

/// Reads a split's pixels, [count, channels, height, width] row-major, straight into `out`: exactly
/// that many bytes, 0 to 255. What must be decoded is decoded on several threads. Not where
/// `floats`.
void read_pixels(const Dataset& dataset, const DatasetSplit& split, std::span<std::uint8_t> out);

/// Reads a split's labels, exactly count * labels_per_sample bytes, each below `classes` or
/// `ignore`. Not for a series.
void read_labels(const Dataset& dataset, const DatasetSplit& split, std::span<std::uint8_t> out);

/// Reads the pixels and labels of samples `first` on, counted through the training samples and then
/// the test samples, all of one split: as many as the buffers have room for. Only of images that
/// are no pictures in files of their own.
void read_part(const Dataset& dataset, std::size_t first, std::span<std::uint8_t> pixels,
               std::span<std::uint8_t> labels);

/// Whether the samples are pictures in files of their own, whose decoding takes time.
bool has_pictures(const Dataset& dataset);

/// One of these, counted through the training samples and then the test samples: its pixels,
/// [channels, height, width], and its labels. May be called on several threads at once.
void decode_sample(const Dataset& dataset, std::size_t sample, std::span<std::uint8_t> pixels,
                   std::span<std::uint8_t> labels);

/// Reads a split's vectors of features, [count, channels, height, width]. Only for such samples.
void read_features(const Dataset& dataset, const DatasetSplit& split, std::span<float> out);

/// Reads a series whole (pm25.hpp says how samples lie in it, and what the last `set_aside` samples
/// to train on do not decide). Only for a forecast.
Series read_series(const Dataset& dataset, std::size_t set_aside = 0);

}  // namespace mapnet
