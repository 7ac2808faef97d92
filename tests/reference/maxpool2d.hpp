#pragma once

#include "reference/vector.hpp"

namespace mapnet::reference {

/// k x k windows `stride` apart, floor, as PyTorch's max_pool2d: x [planes,H,W] ->
/// y [planes,(H+2pad-k)/stride+1,(W+2pad-k)/stride+1] with planes = N*C. What lies beyond the last
/// whole window is read by none, and the padding never wins.
struct MaxPool2d {
  std::size_t planes, h, w, k = 2, stride = 2, pad = 0;

  std::size_t out_h() const { return (h + 2 * pad - k) / stride + 1; }
  std::size_t out_w() const { return (w + 2 * pad - k) / stride + 1; }
  std::size_t x_size() const { return planes * h * w; }
  std::size_t y_size() const { return planes * out_h() * out_w(); }
};

/// Calls f(ix) for every pixel of the window that y[iy] looks through, row-major.
template <class F>
void for_each_in_window(const MaxPool2d& s, std::size_t iy, F f) {
  const std::size_t col = iy % s.out_w(), row = iy / s.out_w() % s.out_h(),
                    plane = iy / s.out_w() / s.out_h();
  for (std::size_t i = 0; i < s.k; ++i)
    for (std::size_t j = 0; j < s.k; ++j) {
      // Left of or above the image the unsigned difference wraps to a huge number.
      const std::size_t r = row * s.stride + i - s.pad, q = col * s.stride + j - s.pad;
      if (r < s.h && q < s.w) f((plane * s.h + r) * s.w + q);
    }
}

struct MaxPool2dOutput {
  Vector y;
  std::vector<std::size_t> source;  // y[i] = x[source[i]]
};

/// Of equal values the first in row-major order wins, as in PyTorch and oneDNN.
inline MaxPool2dOutput maxpool2d_forward(View x, const MaxPool2d& s) {
  require_size(x.size(), s.x_size(), "maxpool2d x");
  MaxPool2dOutput out;
  for (std::size_t iy = 0; iy < s.y_size(); ++iy) {
    std::size_t best = x.size();
    for_each_in_window(s, iy, [&](std::size_t ix) {
      if (best == x.size() || x[ix] > x[best]) best = ix;
    });
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
