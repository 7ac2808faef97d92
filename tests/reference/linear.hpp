#pragma once

#include "reference/vector.hpp"

namespace mapnet::reference {

/// y = x W^T + b: x [N,I], weight [O,I], bias [O] -> y [N,O]. Without a bias, b and db are empty.
struct Linear {
  std::size_t n, i, o;
  bool bias = true;

  std::size_t bias_size() const { return bias ? o : 0; }
};

inline Vector linear_forward(View x, View weight, View bias, const Linear& s) {
  require_size(x.size(), s.n * s.i, "linear x");
  require_size(weight.size(), s.o * s.i, "linear weight");
  require_size(bias.size(), s.bias_size(), "linear bias");
  Vector y(s.n * s.o);
  for (std::size_t n = 0; n < s.n; ++n)
    for (std::size_t o = 0; o < s.o; ++o)
      y[n * s.o + o] =
          (s.bias ? bias[o] : 0.0) + dot(x.subspan(n * s.i, s.i), weight.subspan(o * s.i, s.i));
  return y;
}

struct LinearGradient {
  Vector dx, dweight, dbias;
};

inline LinearGradient linear_backward(View dy, View x, View weight, const Linear& s) {
  require_size(dy.size(), s.n * s.o, "linear dy");
  require_size(x.size(), s.n * s.i, "linear x");
  require_size(weight.size(), s.o * s.i, "linear weight");
  LinearGradient g{Vector(x.size()), Vector(weight.size()), Vector(s.bias_size())};
  for (std::size_t n = 0; n < s.n; ++n)
    for (std::size_t o = 0; o < s.o; ++o) {
      const double d = dy[n * s.o + o];
      if (s.bias) g.dbias[o] += d;
      for (std::size_t i = 0; i < s.i; ++i) {
        g.dx[n * s.i + i] += d * weight[o * s.i + i];
        g.dweight[o * s.i + i] += d * x[n * s.i + i];
      }
    }
  return g;
}

}  // namespace mapnet::reference
