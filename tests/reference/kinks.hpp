#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "reference/net.hpp"

/// ReLU and max-pool have no derivative where their choice flips: finite differences, and twins
/// that round differently, may be compared only at points away from there. These measure how far
/// away.
namespace mapnet::reference {

inline double relu_margin(View x) {
  double margin = std::numeric_limits<double>::infinity();
  for (const double v : x) margin = std::min(margin, std::abs(v));
  return margin;
}

/// The least lead of a window's maximum over its runner-up. Behind a ReLU (`after_relu`) a window
/// of zeros is no tie: nothing changes in it until a value of the layer before crosses its own
/// kink.
inline double maxpool2d_margin(View x, const MaxPool2d& s, bool after_relu) {
  double margin = std::numeric_limits<double>::infinity();
  const MaxPool2dOutput out = maxpool2d_forward(x, s);
  for (std::size_t i = 0; i < out.y.size(); ++i) {
    if (after_relu && out.y[i] == 0) continue;
    for_each_in_window(s, i, [&](std::size_t j) {
      if (j != out.source[i]) margin = std::min(margin, out.y[i] - x[j]);
    });
  }
  return margin;
}

/// The least margin of any ReLU or max-pool of the net.
inline double kink_margin(const Net& net, const Trace& t) {
  double margin = std::numeric_limits<double>::infinity();
  const std::vector<Placed> placed = place(net);
  const std::size_t n = t.values.front().size() / net.input.size();
  for (std::size_t l = 0; l < placed.size(); ++l) {
    const Placed& p = placed[l];
    const bool after_relu = l > 0 && placed[l - 1].layer.kind == Layer::relu;
    if (p.layer.kind == Layer::relu) margin = std::min(margin, relu_margin(t.values[l]));
    if (p.layer.kind == Layer::maxpool)
      margin = std::min(margin, maxpool2d_margin(t.values[l], p.maxpool2d(n), after_relu));
  }
  return margin;
}

}  // namespace mapnet::reference
