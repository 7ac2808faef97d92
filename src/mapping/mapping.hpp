#pragma once

#include <cstdint>
#include <vector>

#include "mapping/finetune.hpp"
#include "mapping/learned.hpp"
#include "mapping/names.hpp"

namespace mapnet {

/// A mapping's choices, complete.
struct MappingConfig {
  Strategy strategy = Strategy::slvt;
  std::vector<std::size_t> latents;  ///< one number (slvt) or one a layer (lwt); empty for direct
  MapKind map = MapKind::hadamard;
  LearnedMap learned;  ///< dense or Kronecker: not drawn from the seed
  Modulation modulation = Modulation::none;
  double alpha = 0;
  Activation activation = Activation::identity;
  double omega = 1;
  bool random_base = false;
  std::uint64_t seed = 0;
  Finetune finetune;
  Variant variant = Variant::none;
  std::size_t hidden = 0;  ///< units of full-dnn's hidden layer
};

/// What the mapping's map generates: theta itself or, for fine-tuning, shifts of it.
Targets targets_of(const Network& net, const MappingConfig& config);

/// The fixed map from z to its targets. Not for direct, nor for a variant that trains its map.
MapDesc make_map(const Network& net, const MappingConfig& config);

/// The spread that each parameter tensor of a network is initialised with (he_stddev).
std::vector<RowScale> he_scales(const Network& net);

/// The same where something generates theta (generated_stddev).
std::vector<RowScale> generated_scales(const Network& net);

/// Root mean square of sigma(u), u ~ N(0, 1).
double activation_rms(Activation activation, double omega);

}  // namespace mapnet
