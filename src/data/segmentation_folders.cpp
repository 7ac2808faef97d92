#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "data/manifest.hpp"
#include "data/problems.hpp"
#include "data/segmentation.hpp"

namespace mapnet {

namespace fs = std::filesystem;

namespace {

SegmentationSplit empty_split(const DatasetManifest& manifest, std::int16_t other_ids) {
  SegmentationSplit split;
  split.size = {manifest.width, manifest.height};
  split.classes_of_ids.fill(other_ids);
  return split;
}

void add_picture(const fs::path& image, const fs::path& labels, SegmentationSplit& split,
                 Problems& problems) {
  if (fs::exists(labels))
    split.pictures.push_back({image, labels});
  else
    problems.add(fmt::format("{}: missing, the labels of {}", labels.string(), image.string()));
}

void require_pictures(const SegmentationSplit& split, const fs::path& folder, Problems& problems) {
  if (split.pictures.empty())
    problems.add(fmt::format("{}: expected pictures with labels, found none", folder.string()));
}

/// folder/images, folder/labels.
SegmentationSplit list_pictures(const DatasetManifest& manifest, const fs::path& folder,
                                Problems& problems) {
  SegmentationSplit split = empty_split(manifest, -1);
  for (std::size_t c = 0; c < manifest.class_names.size(); ++c)
    split.classes_of_ids[c] = static_cast<std::int16_t>(c);
  if (manifest.ignore >= 0)
    split.classes_of_ids[static_cast<std::size_t>(manifest.ignore)] =
        static_cast<std::int16_t>(manifest.ignore);
  for (const fs::path& image : sorted_entries(folder / "images", problems))
    if (is_image_name(image))
      add_picture(image, folder / "labels" / image.stem() += ".png", split, problems);
  require_pictures(split, folder, problems);
  return split;
}

/// The ids of the 19 classes that count, in the order of their train ids.
constexpr std::array<std::uint8_t, 19> kCityscapesIds = {7,  8,  11, 12, 13, 17, 19, 20, 21, 22,
                                                         23, 24, 25, 26, 27, 28, 31, 32, 33};

SegmentationSplit list_cities(const DatasetManifest& manifest, const fs::path& folder,
                              const char* name, Problems& problems) {
  constexpr std::string_view image_end = "_leftImg8bit.png", labels_end = "_gtFine_labelIds.png";
  SegmentationSplit split = empty_split(manifest, static_cast<std::int16_t>(manifest.ignore));
  for (std::size_t c = 0; c < kCityscapesIds.size(); ++c)
    split.classes_of_ids[kCityscapesIds[c]] = static_cast<std::int16_t>(c);
  const fs::path images = folder / "leftImg8bit" / name, labels = folder / "gtFine" / name;
  for (const fs::path& city : sorted_entries(images, problems))
    for (const fs::path& image : sorted_entries(city, problems)) {
      std::string frame = image.filename().string();
      if (!frame.ends_with(image_end)) continue;
      frame.resize(frame.size() - image_end.size());
      add_picture(image, labels / city.filename() / frame.append(labels_end), split, problems);
    }
  require_pictures(split, images, problems);
  return split;
}

}  // namespace

SegmentationSplits open_picture_folders(const DatasetManifest& manifest, const fs::path& folder) {
  Problems problems;
  SegmentationSplits splits{list_pictures(manifest, folder / "train", problems),
                            list_pictures(manifest, folder / "test", problems)};
  problems.require_none(manifest, folder);
  return splits;
}

SegmentationSplits open_cityscapes(const DatasetManifest& manifest, const fs::path& folder) {
  Problems problems;
  SegmentationSplits splits{list_cities(manifest, folder, "train", problems),
                            list_cities(manifest, folder, "val", problems)};
  problems.require_none(manifest, folder);
  return splits;
}

}  // namespace mapnet
