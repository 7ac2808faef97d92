#pragma once

#include "reference/linear.hpp"
#include "reference/relu.hpp"

namespace mapnet::reference {

/// Table 7's trained maps from the latent z [d] to theta [P]:
///   hidden 0   LV + FullDNN  theta = W z                             values (z | W)
///   hidden H   Full DNN      theta = W2 relu(W1 z + b1) + b2         values (W1 | b1 | W2 | b2)
struct TrainedMap {
  std::size_t latents = 0, hidden = 0, params = 0;  // d, H, P
  Vector fixed_z = {};                              // [d], where there is a hidden layer

  std::size_t inputs() const { return hidden > 0 ? hidden : latents; }  // of the last layer
  std::size_t size() const {
    return hidden > 0 ? (latents + 1) * hidden + (hidden + 1) * params : latents + params * latents;
  }
};

/// The values' segments in order, copied out: (z | W) or (W1 | b1 | W2 | b2).
inline std::vector<Vector> trained_map_segments(const TrainedMap& map, View values) {
  require_size(values.size(), map.size(), "trained map values");
  std::vector<std::size_t> sizes = {map.latents, map.params * map.latents};
  if (map.hidden > 0)
    sizes = {map.hidden * map.latents, map.hidden, map.params * map.hidden, map.params};
  std::vector<Vector> segments;
  for (const std::size_t n : sizes) {
    segments.emplace_back(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(n));
    values = values.subspan(n);
  }
  return segments;
}

/// theta [P].
inline Vector trained_map_forward(const TrainedMap& map, View values) {
  const std::vector<Vector> s = trained_map_segments(map, values);
  const Linear last = {1, map.inputs(), map.params};
  if (map.hidden == 0) return linear_forward(s[0], s[1], Vector(map.params), last);
  const Vector h =
      relu_forward(linear_forward(map.fixed_z, s[0], s[1], {1, map.latents, map.hidden}));
  return linear_forward(h, s[2], s[3], last);
}

/// dtheta [P] -> the gradient of the values, in their order.
inline Vector trained_map_backward(const TrainedMap& map, View values, View dtheta) {
  const std::vector<Vector> s = trained_map_segments(map, values);
  const Linear last = {1, map.inputs(), map.params};
  const auto join = [](const std::vector<Vector>& parts) {
    Vector all;
    for (const Vector& part : parts) all.insert(all.end(), part.begin(), part.end());
    return all;
  };
  if (map.hidden == 0) {
    const LinearGradient g = linear_backward(dtheta, s[0], s[1], last);
    return join({g.dx, g.dweight});
  }
  const Linear first = {1, map.latents, map.hidden};
  const Vector before = linear_forward(map.fixed_z, s[0], s[1], first);
  const LinearGradient g = linear_backward(dtheta, relu_forward(before), s[2], last);
  const LinearGradient of_first =
      linear_backward(relu_backward(g.dx, before), map.fixed_z, s[0], first);
  return join({of_first.dweight, of_first.dbias, g.dweight, g.dbias});
}

}  // namespace mapnet::reference
