#pragma once

#include <algorithm>
#include <cmath>

#include "reference/net.hpp"

namespace mapnet::reference {

/// x held as one of the 255 integers -127 ... 127, in steps of range / 127.
inline double int8_rounded(double x, double range) {
  if (range == 0) return 0;
  return std::clamp(std::nearbyint(127 * x / range), -127.0, 127.0) * range / 127;
}

inline double largest_magnitude(View x) {
  double most = 0;
  for (const double v : x) most = std::max(most, std::abs(v));
  return most;
}

/// Logits of a net whose layers with weights see their input as int8 holds it, ranges[l] that of
/// the l-th of them, with theta as it is. Without ranges: of the net itself.
struct Int8Forward {
  Vector logits;
  std::vector<double> largest;  ///< magnitude that enters each layer with weights
};

inline Int8Forward int8_forward(const Net& net, View theta, View x, View ranges) {
  Int8Forward f{Vector(x.begin(), x.end()), {}};
  for (const Placed& p : place(net)) {
    if (p.layer.kind == Layer::conv || p.layer.kind == Layer::linear) {
      const std::size_t layer = f.largest.size();
      f.largest.push_back(largest_magnitude(f.logits));
      if (!ranges.empty())
        for (double& v : f.logits) v = int8_rounded(v, ranges[layer]);
    }
    const View own = theta.subspan(p.offset, p.weight_size + p.bias_size);
    f.logits = forward({p.in, {p.layer}}, own, f.logits);
  }
  return f;
}

}  // namespace mapnet::reference
