#pragma once

#include <cstdint>
#include <vector>

#include "mapping/names.hpp"
#include "nets/network.hpp"

namespace mapnet {

/// A mapping's choices, complete.
struct MappingConfig {
  Strategy strategy = Strategy::slvt;
  std::vector<std::size_t> latents;  ///< one number (slvt) or one a layer (lwt); empty for direct
  MapKind map = MapKind::hadamard;
  Modulation modulation = Modulation::none;
  double alpha = 0;
  Activation activation = Activation::identity;
  double omega = 1;
  bool random_base = false;
  std::uint64_t seed = 0;
  Variant variant = Variant::none;
  std::size_t hidden = 0;  ///< units of full-dnn's hidden layer
};

/// The fixed map from z to all of theta. Not for direct, nor for a variant that trains its map.
MapDesc make_map(const Network& net, const MappingConfig& config);

/// scale_j of each tensor: with u ~ N(0, 1) theta starts with the spread of a He-initialised
/// network, standard deviation sqrt(2 / fan_in) (a tensor's own gain for 2) for weights and
/// PyTorch's 1 / sqrt(3 fan_in) for biases. `rms` is the root mean square of sigma(u), divided out.
std::vector<RowScale> he_scales(const Network& net, double rms = 1.0);

/// Root mean square of sigma(u), u ~ N(0, 1).
double activation_rms(Activation activation, double omega);

}  // namespace mapnet
