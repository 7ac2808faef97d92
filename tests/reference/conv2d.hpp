#pragma once

#include "reference/vector.hpp"

namespace mapnet::reference {

/// Cross-correlation with `pad` zeros on every side, as PyTorch's conv2d: x [N,C,H,W],
/// weight [O,C,K,K], bias [O] or none -> y [N,O,(H+2pad-K)/stride+1,(W+2pad-K)/stride+1], floor.
struct Conv2d {
  std::size_t n, c, h, w, o, k, pad, stride = 1;
  bool bias = true;

  std::size_t out_h() const { return (h + 2 * pad - k) / stride + 1; }
  std::size_t out_w() const { return (w + 2 * pad - k) / stride + 1; }
  std::size_t bias_size() const { return bias ? o : 0; }
  std::size_t x_size() const { return n * c * h * w; }
  std::size_t weight_size() const { return o * c * k * k; }
  std::size_t y_size() const { return n * o * out_h() * out_w(); }
};

/// Calls tap(iy, ix, iw) for every product y[iy] += x[ix] * weight[iw] of the convolution. Forward
/// and both gradients are sums over this one list; the known answers in the tests pin the list
/// itself.
template <class Tap>
void for_each_tap(const Conv2d& s, Tap tap) {
  std::size_t iy = 0;
  for (std::size_t n = 0; n < s.n; ++n)
    for (std::size_t o = 0; o < s.o; ++o)
      for (std::size_t row = 0; row < s.out_h(); ++row)
        for (std::size_t col = 0; col < s.out_w(); ++col, ++iy)
          for (std::size_t c = 0; c < s.c; ++c)
            for (std::size_t kr = 0; kr < s.k; ++kr)
              for (std::size_t kc = 0; kc < s.k; ++kc) {
                // Left of or above the image the unsigned difference wraps to a huge number.
                const std::size_t r = row * s.stride + kr - s.pad, q = col * s.stride + kc - s.pad;
                if (r >= s.h || q >= s.w) continue;  // a zero of the padding
                tap(iy, ((n * s.c + c) * s.h + r) * s.w + q, ((o * s.c + c) * s.k + kr) * s.k + kc);
              }
}

inline Vector conv2d_forward(View x, View weight, View bias, const Conv2d& s) {
  require_size(x.size(), s.x_size(), "conv2d x");
  require_size(weight.size(), s.weight_size(), "conv2d weight");
  require_size(bias.size(), s.bias_size(), "conv2d bias");
  const std::size_t plane = s.out_h() * s.out_w();
  Vector y(s.y_size());
  for (std::size_t i = 0; i < y.size(); ++i) y[i] = s.bias ? bias[i / plane % s.o] : 0;
  for_each_tap(s, [&](auto iy, auto ix, auto iw) { y[iy] += x[ix] * weight[iw]; });
  return y;
}

struct Conv2dGradient {
  Vector dx, dweight, dbias;
};

inline Conv2dGradient conv2d_backward(View dy, View x, View weight, const Conv2d& s) {
  require_size(dy.size(), s.y_size(), "conv2d dy");
  require_size(x.size(), s.x_size(), "conv2d x");
  require_size(weight.size(), s.weight_size(), "conv2d weight");
  const std::size_t plane = s.out_h() * s.out_w();
  Conv2dGradient g{Vector(x.size()), Vector(weight.size()), Vector(s.bias_size())};
  if (s.bias)
    for (std::size_t i = 0; i < dy.size(); ++i) g.dbias[i / plane % s.o] += dy[i];
  for_each_tap(s, [&](auto iy, auto ix, auto iw) {
    g.dx[ix] += dy[iy] * weight[iw];
    g.dweight[iw] += dy[iy] * x[ix];
  });
  return g;
}

}  // namespace mapnet::reference
