#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "device/ops/map.hpp"
#include "nets/network.hpp"

/// What the outputs of a map mean: parameters themselves, or something that parameters are made of.
/// Blocks and scales of a map are cut along its targets, whatever stands behind them.
namespace mapnet {

/// The outputs that go into one parameter tensor.
struct Target {
  std::string name;                  ///< the tensor's
  std::string layer;                 ///< what layer-wise training gives a z of its own
  std::size_t offset = 0, size = 0;  ///< in the map's outputs
  std::size_t weights = 0;           ///< parameters that they move: at most so many latents
  double stddev = 1;                 ///< of an output where z ~ N(0, 1)
};

struct Targets {
  std::string of;  ///< the network's name
  std::vector<Target> tensors;

  std::size_t size() const { return tensors.back().offset + tensors.back().size; }
};

/// The outputs are theta [P] itself, with the spread of He initialisation.
Targets parameter_targets(const Network& net);

/// Standard deviation a tensor is initialised with: sqrt(gain / fan_in) for weights, gain 2 (He et
/// al. 2015) where a ReLU follows, PyTorch's 1 / sqrt(3 fan_in) for biases, and 0 for what a
/// normalisation has, whose gamma and beta begin at 1 and 0.
double he_stddev(const ParamTensor& tensor);

/// The same where latents generate it: 0.1 for a normalisation's, which z could not move at 0.
double generated_stddev(const ParamTensor& tensor);

/// scale_j of each tensor; `rms` is the root mean square of sigma(u), divided out.
std::vector<RowScale> initial_scales(const Targets& targets, double rms);

}  // namespace mapnet
