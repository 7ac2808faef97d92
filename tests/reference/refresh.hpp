#pragma once

#include <numeric>

#include "reference/map.hpp"

namespace mapnet::reference {

/// A map's latents in training.
struct Latents {
  Vector z, m, v;  // [d] and Adam's moments
};

/// The map of the next round: theta(z) becomes the base, W and S are others, z begins at zero with
/// no momentum and everywhere the mean of v.
inline void refresh(Map& map, Latents& latents, Vector W, Vector S) {
  map.base = map_forward(map, latents.z);
  map.W = std::move(W);
  map.S = std::move(S);
  const double d = static_cast<double>(map.latents);
  const double mean = std::accumulate(latents.v.begin(), latents.v.end(), 0.0) / d;
  latents = {Vector(map.latents), Vector(map.latents), Vector(map.latents, mean)};
}

}  // namespace mapnet::reference
