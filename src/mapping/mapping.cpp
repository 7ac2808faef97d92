#include "mapping/mapping.hpp"

#include <cmath>

#include "mapping/kronecker.hpp"
#include "mapping/partition.hpp"

namespace mapnet {

double activation_rms(Activation activation, double omega) {
  // Trapezoidal rule: for a smooth function that has vanished at the ends it converges faster than
  // any power of the step.
  constexpr double kEnd = 12.0;
  const double step = 1e-3 / std::max(1.0, omega);
  double square = 0, weight = 0;
  for (double u = -kEnd; u <= kEnd; u += step) {
    const double density = std::exp(-0.5 * u * u);
    double y = u;
    if (activation == Activation::tanh) y = std::tanh(u);
    if (activation == Activation::sine) y = std::sin(omega * u);
    square += density * y * y;
    weight += density;
  }
  return std::sqrt(square / weight);
}

std::vector<RowScale> he_scales(const Network& net) {
  std::vector<RowScale> scales;
  for (const ParamTensor& p : net.params)
    scales.push_back({p.offset, p.size, static_cast<float>(he_stddev(p))});
  return scales;
}

std::vector<RowScale> generated_scales(const Network& net) {
  return initial_scales(parameter_targets(net), 1.0);
}

Targets targets_of(const Network& net, const MappingConfig& config) {
  return config.finetune.on() ? finetune_targets(net, config.finetune) : parameter_targets(net);
}

MapDesc make_map(const Network& net, const MappingConfig& config) {
  MapDesc desc;
  desc.kind = config.map;
  desc.modulation = config.modulation;
  desc.alpha = static_cast<float>(config.alpha);
  desc.activation = config.activation;
  desc.omega = static_cast<float>(config.omega);
  desc.random_base = config.random_base;
  desc.own_modulator = config.variant == Variant::lv_wmap;
  desc.seed = config.seed;
  const Targets targets = targets_of(net, config);
  desc.given = config.learned.on();
  // A Kronecker map generates matrices one by one: of a single latent vector each has a stretch.
  if (config.strategy == Strategy::slvt && config.map == MapKind::kronecker)
    desc.blocks = layer_wise_blocks(targets, allot_latents(targets, config.latents.at(0)));
  else if (config.strategy == Strategy::slvt)
    desc.blocks = single_latent_blocks(targets, config.latents.at(0));
  else
    desc.blocks = layer_wise_blocks(targets, config.latents);
  if (config.map == MapKind::kronecker)
    desc.matrices = kronecker_matrices(net, targets, desc.blocks);
  desc.scales = initial_scales(targets, activation_rms(config.activation, config.omega));
  return desc;
}

}  // namespace mapnet
