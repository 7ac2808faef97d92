#include "mapping/targets.hpp"

#include <cmath>

namespace mapnet {

namespace {

bool of_normalisation(const ParamTensor& tensor) {
  return tensor.role == ParamTensor::Role::norm_gamma ||
         tensor.role == ParamTensor::Role::norm_beta;
}

}  // namespace

double he_stddev(const ParamTensor& tensor) {
  const double fan_in = tensor.fan_in;
  if (of_normalisation(tensor)) return 0;
  return tensor.is_weight() ? std::sqrt(tensor.gain / fan_in) : 1.0 / std::sqrt(3.0 * fan_in);
}

double generated_stddev(const ParamTensor& tensor) {
  return of_normalisation(tensor) ? 0.1 : he_stddev(tensor);
}

Targets parameter_targets(const Network& net) {
  Targets targets{net.name, {}};
  for (const ParamTensor& p : net.params)
    targets.tensors.push_back({p.name, p.layer, p.offset, p.size, p.size, generated_stddev(p)});
  return targets;
}

std::vector<RowScale> initial_scales(const Targets& targets, double rms) {
  std::vector<RowScale> scales;
  for (const Target& t : targets.tensors)
    scales.push_back({t.offset, t.size, static_cast<float>(t.stddev / rms)});
  return scales;
}

}  // namespace mapnet
