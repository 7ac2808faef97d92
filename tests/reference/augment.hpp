#pragma once

#include "reference/vector.hpp"

namespace mapnet::reference {

/// What is done to an image, in this order: mirrored, moved right and down, a square cut out.
struct Augment {
  bool flip = false;
  int dx = 0, dy = 0;
  int cut_x = 0, cut_y = 0, cut_size = 0;  // first column and row, side
};

/// One plane [h,w], changed so. Where the image has moved away and where it is cut there is
/// `empty`.
inline Vector augment(View image, int h, int w, const Augment& a, double empty) {
  require_size(image.size(), static_cast<std::size_t>(h * w), "augment");
  const auto at = [w](int y, int x) { return static_cast<std::size_t>(y * w + x); };
  Vector mirrored(image.begin(), image.end());
  if (a.flip)
    for (int y = 0; y < h; ++y)
      for (int x = 0; x < w; ++x) mirrored[at(y, w - 1 - x)] = image[at(y, x)];
  Vector moved(image.size(), empty);
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x)
      if (y + a.dy >= 0 && y + a.dy < h && x + a.dx >= 0 && x + a.dx < w)
        moved[at(y + a.dy, x + a.dx)] = mirrored[at(y, x)];
  for (int y = a.cut_y; y < a.cut_y + a.cut_size; ++y)
    for (int x = a.cut_x; x < a.cut_x + a.cut_size; ++x)
      if (y >= 0 && y < h && x >= 0 && x < w) moved[at(y, x)] = empty;
  return moved;
}

}  // namespace mapnet::reference
