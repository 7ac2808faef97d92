#include "data/segmentation.hpp"

#include <algorithm>

#include "common/error.hpp"
#include "data/each.hpp"
#include "data/picture_memory.hpp"
#include "data/resize.hpp"

namespace mapnet {

namespace {

std::size_t pixels_of(const SegmentationSplit& split) {
  return static_cast<std::size_t>(split.size.width) * static_cast<std::size_t>(split.size.height);
}

void require_size(const SegmentationSplit& split, std::size_t planes, std::size_t found) {
  const std::size_t expected = split.pictures.size() * planes * pixels_of(split);
  if (found != expected)
    fail("expected a buffer of {} bytes to read into, found {}", expected, found);
}

}  // namespace

void read_picture(const SegmentationSplit& split, std::size_t i, std::span<std::uint8_t> out) {
  const Image picture = read_image(split.pictures[i].image, 3);
  to_planes(resize_smooth(picture, split.size), out);
}

void read_picture_labels(const SegmentationSplit& split, std::size_t i,
                         std::span<std::uint8_t> out) {
  const LabelledPicture& picture = split.pictures[i];
  const Image found = read_label_image(picture.labels);
  const ImageSize image = read_image_size(picture.image);
  if (ImageSize{found.width, found.height} != image) {
    fail("{}: expected {} x {} labels, the size of {}, found {} x {}", picture.labels.string(),
         image.width, image.height, picture.image.string(), found.width, found.height);
  }
  const auto refused = std::ranges::find_if(
      found.pixels, [&](std::uint8_t id) { return split.classes_of_ids[id] < 0; });
  if (refused != found.pixels.end()) {
    const auto at = refused - found.pixels.begin();
    fail("{}: expected ids of classes or of the ignored label, found {} in row {}, column {}",
         picture.labels.string(), *refused, at / found.width, at % found.width);
  }
  const Image ids = resize_nearest(found, split.size);
  std::ranges::transform(ids.pixels, out.begin(), [&](std::uint8_t id) {
    return static_cast<std::uint8_t>(split.classes_of_ids[id]);
  });
}

std::size_t most_reading_bytes(const SegmentationSplit& split) {
  std::vector<std::size_t> bytes(split.pictures.size());
  each_of(bytes.size(), decoding_threads(), [&](std::size_t i) {
    const LabelledPicture& picture = split.pictures[i];
    bytes[i] = std::max(reading_bytes(picture.image), reading_bytes(picture.labels));
  });
  return bytes.empty() ? 0 : std::ranges::max(bytes);
}

void read_pixels(const SegmentationSplit& split, std::span<std::uint8_t> out) {
  require_size(split, 3, out.size());
  const std::size_t bytes = 3 * pixels_of(split);
  each_of(split.pictures.size(), decoding_threads(),
          [&](std::size_t i) { read_picture(split, i, out.subspan(i * bytes, bytes)); });
}

void read_labels(const SegmentationSplit& split, std::span<std::uint8_t> out) {
  require_size(split, 1, out.size());
  const std::size_t bytes = pixels_of(split);
  each_of(split.pictures.size(), decoding_threads(),
          [&](std::size_t i) { read_picture_labels(split, i, out.subspan(i * bytes, bytes)); });
}

}  // namespace mapnet
