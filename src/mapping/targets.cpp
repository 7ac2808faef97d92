#include "mapping/targets.hpp"

#include <cmath>

namespace mapnet {

double he_stddev(const ParamTensor& tensor) {
  const double fan_in = tensor.fan_in;
  return tensor.is_bias ? 1.0 / std::sqrt(3.0 * fan_in) : std::sqrt(tensor.gain / fan_in);
}

Targets parameter_targets(const Network& net) {
  Targets targets{net.name, {}};
  for (const ParamTensor& p : net.params)
    targets.tensors.push_back({p.name, p.layer, p.offset, p.size, p.size, he_stddev(p)});
  return targets;
}

std::vector<RowScale> initial_scales(const Targets& targets, double rms) {
  std::vector<RowScale> scales;
  for (const Target& t : targets.tensors)
    scales.push_back({t.offset, t.size, static_cast<float>(t.stddev / rms)});
  return scales;
}

}  // namespace mapnet
