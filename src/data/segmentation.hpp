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

/// Decodes all pictures on decoding_threads(): out is [count, 3, height, width].
void read_pixels(const SegmentationSplit& split, std::span<std::uint8_t> out);

/// The labels, [count, height, width]. Throws Error when a label file has another size than its
/// picture, or an id that is refused. The number of classes is in `classes_of_ids`.
void read_labels(const SegmentationSplit& split, std::span<std::uint8_t> out);

}  // namespace mapnet
