#pragma once

#include "reference/vector.hpp"

namespace mapnet::reference {

/// 2x2 windows, stride 2, floor: x [planes,H,W] -> y [planes,H/2,W/2] with planes = N*C. An odd
/// last row or column is read by no window.
struct MaxPool2d {
  std::size_t planes, h, w;

  std::size_t x_size() const { return planes * h * w; }
  std::size_t y_size() const { return planes * (h / 2) * (w / 2); }
};

struct MaxPool2dOutput {
  Vector y;
  std::vector<std::size_t> source;  // y[i] = x[source[i]]
};

/// Of equal values the first in row-major order wins, as in PyTorch and oneDNN.
inline MaxPool2dOutput maxpool2d_forward(View x, const MaxPool2d& s) {
  require_size(x.size(), s.x_size(), "maxpool2d x");
  MaxPool2dOutput out;
  for (std::size_t plane = 0; plane < s.planes; ++plane)
    for (std::size_t row = 0; row < s.h / 2; ++row)
      for (std::size_t col = 0; col < s.w / 2; ++col) {
        const std::size_t corner = (plane * s.h + 2 * row) * s.w + 2 * col;
        std::size_t best = corner;
        for (const std::size_t i : {corner + 1, corner + s.w, corner + s.w + 1})
          if (x[i] > x[best]) best = i;
        out.y.push_back(x[best]);
        out.source.push_back(best);
      }
  return out;
}

inline Vector maxpool2d_backward(View dy, const std::vector<std::size_t>& source,
                                 const MaxPool2d& s) {
  require_size(dy.size(), s.y_size(), "maxpool2d dy");
  require_size(source.size(), s.y_size(), "maxpool2d source");
  Vector dx(s.x_size());
  for (std::size_t i = 0; i < dy.size(); ++i) dx[source[i]] += dy[i];
  return dx;
}

}  // namespace mapnet::reference
