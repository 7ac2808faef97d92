#pragma once

#include <cstdint>

#include "device/host_device.hpp"
#include "device/random.hpp"

namespace mapnet {

/// How the images of a batch are varied: each is flipped, then shifted, then a square of it is cut
/// out, as its own draw says.
struct AugmentDesc {
  int shift = 0;      ///< at most so many pixels along each axis
  bool flip = false;  ///< left-right, with probability one half
  int cutout = 0;     ///< side of the square (DeVries and Taylor 2017)
  std::uint64_t seed = 0;

  bool any() const { return shift > 0 || flip || cutout > 0; }
};

/// One image's draw.
struct Augmentation {
  int dx = 0, dy = 0;  ///< the image moves right and down by so much
  bool flip = false;
  int cut_x = 0, cut_y = 0;  ///< first column and row of the square; it may hang over an edge
  int cut_size = 0;
};

/// Draws the augmentation of an image of h x w: uniform dx, dy in -shift ... shift and a uniform
/// pixel of the image as the square's centre. `step` of the training and `row` of the whole batch
/// are the counter, so no two images share a draw, and an image has the same one on any rank.
MAPNET_HOST_DEVICE inline Augmentation draw_augmentation(const AugmentDesc& d, int h, int w,
                                                         std::int64_t step, int row) {
  const auto words = random_words(d.seed, Stream::augmentation, static_cast<std::uint64_t>(step),
                                  static_cast<std::uint32_t>(row));
  // A word times n, high half: 0 ... n - 1, each within n 2^-32 of equally likely.
  const auto below = [](std::uint32_t word, int n) {
    return static_cast<int>((static_cast<std::uint64_t>(word) * static_cast<std::uint64_t>(n)) >>
                            32);
  };
  Augmentation a;
  a.dx = below(words[0], 2 * d.shift + 1) - d.shift;
  a.dy = below(words[1], 2 * d.shift + 1) - d.shift;
  a.flip = d.flip && (words[0] & 1u) != 0;  // a low bit; dx takes the high ones
  a.cut_x = below(words[2], w) - d.cutout / 2;
  a.cut_y = below(words[3], h) - d.cutout / 2;
  a.cut_size = d.cutout;
  return a;
}

/// Pixel (y, x) of the augmented image, from a plane [h, w] of the original; `none` where it has
/// none.
MAPNET_HOST_DEVICE inline std::uint8_t augmented_pixel(const Augmentation& a,
                                                       const std::uint8_t* plane, int h, int w,
                                                       int y, int x, std::uint8_t none = 0) {
  const bool cut =
      y >= a.cut_y && y < a.cut_y + a.cut_size && x >= a.cut_x && x < a.cut_x + a.cut_size;
  const int from_y = y - a.dy, moved_x = x - a.dx;
  if (cut || from_y < 0 || from_y >= h || moved_x < 0 || moved_x >= w) return none;
  return plane[from_y * w + (a.flip ? w - 1 - moved_x : moved_x)];
}

}  // namespace mapnet
