#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "data/image.hpp"

namespace mapnet {

struct DatasetManifest;

struct LabelledPicture {
  std::filesystem::path image;   // JPEG or PNG
  std::filesystem::path labels;  // PNG, a class id a pixel
};

/// Pictures with a class a pixel, in files of any size that are brought to one size when they are
/// read: the pictures smoothly, the labels to the nearest pixel.
struct SegmentationSplit {
  ImageSize size;
  /// What an id in a label file becomes: a class, the ignored label, or -1, which is refused.
  std::array<std::int16_t, 256> classes_of_ids;
  std::vector<LabelledPicture> pictures;
};

struct SegmentationSplits {
  SegmentationSplit train, test;
};

/// Lists FOLDER/{train,test}/{images,labels}/: each picture's labels are the PNG of its name. Ids
/// are classes or the manifest's ignored label. Throws Error listing what is missing.
SegmentationSplits open_picture_folders(const DatasetManifest& manifest,
                                        const std::filesystem::path& folder);

/// Lists Cityscapes' own layout, leftImg8bit/{train,val}/CITY/*_leftImg8bit.png with
/// gtFine/{train,val}/CITY/*_gtFine_labelIds.png. The published val split is tested on, since the
/// test split's labels are not published. Throws Error listing what is missing.
SegmentationSplits open_cityscapes(const DatasetManifest& manifest,
                                   const std::filesystem::path& folder);

/// Memory that reading any one of the files takes at most, by the headers of all, which are read.
std::size_t most_reading_bytes(const SegmentationSplit& split);

/// One picture, [3, height, width], and its labels, [height, width]. Throws Error naming the file:
/// also for a label file of another size than its picture, or with an id that is refused.
void read_picture(const SegmentationSplit& split, std::size_t i, std::span<std::uint8_t> out);
void read_picture_labels(const SegmentationSplit& split, std::size_t i,
                         std::span<std::uint8_t> out);

/// All of them, decoded on decoding_threads(): [count, 3, height, width] and [count, height,
/// width].
void read_pixels(const SegmentationSplit& split, std::span<std::uint8_t> out);
void read_labels(const SegmentationSplit& split, std::span<std::uint8_t> out);

}  // namespace mapnet
