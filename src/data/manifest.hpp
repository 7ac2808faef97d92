#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/task.hpp"

namespace mapnet {

/// The datasets of data_manifests/, embedded when the build is configured: what each must be.

struct ManifestFile {
  std::string name;    // train-images-idx3-ubyte
  std::string sha256;  // of the raw, unpacked file: 64 lower-case hex digits
};

/// How a dataset lies on disk.
enum class DataFormat {
  idx,              ///< four IDX files: images and labels to train on, then to test
  cifar10,          ///< six files of records: a label and pixels
  cifar100,         ///< two files of records: a coarse label, a fine one and pixels
  pm25,             ///< UCI's table of hourly air quality
  picture_folders,  ///< {train,test}/{images,labels}/, a class a pixel
  cityscapes,       ///< Cityscapes' folders, a class a pixel
  celeb_df,         ///< Celeb-DF's folders of videos
  faceforensics,    ///< FaceForensics++'s folders of videos
};

struct DatasetManifest {
  std::string name;
  DataFormat format;
  int channels, height, width;
  std::vector<std::string> class_names;  // one a class; of a forecast, what is forecast
  int ignore;                            // a label that counts nowhere, or -1
  std::size_t train_count, test_count;   // samples as published; of a series, rows
  std::vector<ManifestFile> files;       // in object stores; none: only in a folder of the user's
  std::string obtain;                    // where people get it, and what to put where
  bool fetchable = false;                // its files have a source to fetch them from
};

/// What the format's targets are.
Task task_of(DataFormat format);

/// Whether what lies on disk are videos, from which samples are yet to be made.
bool holds_videos(DataFormat format);

/// The same of a data set's name; false for one that has no manifest, such as a program's own.
bool holds_videos(std::string_view name);

/// All of them, by name.
std::span<const DatasetManifest> dataset_manifests();

/// The one of that name; UsageError listing the known names when there is none.
const DatasetManifest& dataset_manifest(std::string_view name);

/// What to do about one that lies in no object store, a sentence: to fetch it where it can be
/// fetched, else to name its folder, and where people get it.
std::string how_to_get(const DatasetManifest& manifest);

/// What to tell of one that lies in no object store.
std::string folder_wanted(const DatasetManifest& manifest);

}  // namespace mapnet
