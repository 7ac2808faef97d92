#pragma once

#include <string>
#include <vector>

#include "device/ops/share.hpp"
#include "mapping/targets.hpp"

/// Fine-tuning (eq. 25): the map's outputs shift pre-trained weights, L consecutive ones each.
namespace mapnet {

/// A layer whose weights are shifted, by alpha times the outputs.
struct ChosenLayer {
  std::string name;
  double alpha = 1;
};

struct Finetune {
  std::vector<ChosenLayer> layers;  ///< in the network's order; the others stay frozen
  std::size_t share = 1;            ///< L
  std::vector<std::string> fresh;   ///< tensors of a new head: L = 1 for them

  bool on() const { return !layers.empty(); }
};

/// Where each output goes. Groups are cut a tensor at a time, so that no output shifts weights of
/// two tensors: G is the sum of ceil(size / L) over the chosen ones. Throws UsageError for a chosen
/// layer that the network lacks.
ShareDesc share_desc(const Network& net, const Finetune& finetune);

/// The outputs [G] as a map's targets. With z ~ N(0, 1) an output has the spread of He
/// initialisation of the weights it shifts: alpha is relative to that.
Targets finetune_targets(const Network& net, const Finetune& finetune);

}  // namespace mapnet
