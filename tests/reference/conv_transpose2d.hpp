#pragma once

#include "reference/vector.hpp"

namespace mapnet::reference {

/// Transposed convolution with stride K, as PyTorch's conv_transpose2d: x [N,C,H,W],
/// weight [C,O,K,K], bias [O] or none -> y [N,O,K H,K W]. A pixel becomes a K x K patch.
struct ConvTranspose2d {
  std::size_t n, c, h, w, o, k;
  bool bias = true;

  std::size_t x_size() const { return n * c * h * w; }
  std::size_t weight_size() const { return c * o * k * k; }
  std::size_t bias_size() const { return bias ? o : 0; }
  std::size_t y_size() const { return n * o * h * k * w * k; }
};

/// Calls tap(iy, ix, iw) for every product y[iy] += x[ix] * weight[iw].
template <class Tap>
void for_each_tap(const ConvTranspose2d& s, Tap tap) {
  std::size_t ix = 0;
  for (std::size_t n = 0; n < s.n; ++n)
    for (std::size_t c = 0; c < s.c; ++c)
      for (std::size_t row = 0; row < s.h; ++row)
        for (std::size_t col = 0; col < s.w; ++col, ++ix)
          for (std::size_t o = 0; o < s.o; ++o)
            for (std::size_t kr = 0; kr < s.k; ++kr)
              for (std::size_t kc = 0; kc < s.k; ++kc) {
                const std::size_t r = row * s.k + kr, q = col * s.k + kc;
                tap(((n * s.o + o) * s.h * s.k + r) * s.w * s.k + q, ix,
                    ((c * s.o + o) * s.k + kr) * s.k + kc);
              }
}

inline Vector conv_transpose2d_forward(View x, View weight, View bias, const ConvTranspose2d& s) {
  require_size(x.size(), s.x_size(), "conv_transpose2d x");
  require_size(weight.size(), s.weight_size(), "conv_transpose2d weight");
  require_size(bias.size(), s.bias_size(), "conv_transpose2d bias");
  const std::size_t plane = s.h * s.k * s.w * s.k;
  Vector y(s.y_size());
  for (std::size_t i = 0; i < y.size(); ++i) y[i] = s.bias ? bias[i / plane % s.o] : 0;
  for_each_tap(s, [&](auto iy, auto ix, auto iw) { y[iy] += x[ix] * weight[iw]; });
  return y;
}

struct ConvTranspose2dGradient {
  Vector dx, dweight, dbias;
};

inline ConvTranspose2dGradient conv_transpose2d_backward(View dy, View x, View weight,
                                                         const ConvTranspose2d& s) {
  require_size(dy.size(), s.y_size(), "conv_transpose2d dy");
  require_size(x.size(), s.x_size(), "conv_transpose2d x");
  require_size(weight.size(), s.weight_size(), "conv_transpose2d weight");
  const std::size_t plane = s.h * s.k * s.w * s.k;
  ConvTranspose2dGradient g{Vector(x.size()), Vector(weight.size()), Vector(s.bias_size())};
  if (s.bias)
    for (std::size_t i = 0; i < dy.size(); ++i) g.dbias[i / plane % s.o] += dy[i];
  for_each_tap(s, [&](auto iy, auto ix, auto iw) {
    g.dx[ix] += dy[iy] * weight[iw];
    g.dweight[iw] += dy[iy] * x[ix];
  });
  return g;
}

}  // namespace mapnet::reference
