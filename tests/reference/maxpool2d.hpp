#pragma once

#include "reference/vector.hpp"

namespace mapnet::reference {

/// k x k windows, `stride` apart, the first `pad` above and left of the image: x [planes,H,W] -> y
/// [planes,(H+2pad-k)/stride+1,...], rounded down, with planes = N*C. Rows and columns behind the
/// last whole window are read by none.
struct MaxPool2d {
  std::size_t planes, h, w, k = 2, stride = 2, pad = 0;

  std::size_t out_h() const { return (h + 2 * pad - k) / stride + 1; }
  std::size_t out_w() const { return (w + 2 * pad - k) / stride + 1; }
  std::size_t x_size() const { return planes * h * w; }
  std::size_t y_size() const { return planes * out_h() * out_w(); }

  /// Places in x, row-major, that y[i] is the maximum of.
  std::vector<std::size_t> window(std::size_t i) const {
    const std::size_t col = i % out_w(), row = i / out_w() % out_h(), plane = i / out_w() / out_h();
    std::vector<std::size_t> places;
    for (std::size_t kr = 0; kr < k; ++kr)
      for (std::size_t kc = 0; kc < k; ++kc) {
        // Left of or above the image the unsigned difference wraps to a huge number.
        const std::size_t r = row * stride + kr - pad, q = col * stride + kc - pad;
        if (r < h && q < w) places.push_back((plane * h + r) * w + q);
      }
    return places;
  }
};

struct MaxPool2dOutput {
  Vector y;
  std::vector<std::size_t> source;  // y[i] = x[source[i]]
};

/// Of equal values the first in row-major order wins, as in PyTorch and oneDNN.
inline MaxPool2dOutput maxpool2d_forward(View x, const MaxPool2d& s) {
  require_size(x.size(), s.x_size(), "maxpool2d x");
  MaxPool2dOutput out;
  for (std::size_t i = 0; i < s.y_size(); ++i) {
    const std::vector<std::size_t> window = s.window(i);
    std::size_t best = window.front();
    for (const std::size_t j : window)
      if (x[j] > x[best]) best = j;
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
