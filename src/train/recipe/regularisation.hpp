#pragma once

#include <nlohmann/json_fwd.hpp>

#include "device/ops/augment.hpp"
#include "mapping/mapping.hpp"
#include "nets/network.hpp"

/// What a run may do against overfitting: images varied, targets softened, values held small,
/// the trained values averaged. All of it off unless asked for, and none of it in an evaluation but
/// the average.
namespace mapnet {

struct Regularisation {
  int shift = 0;                  ///< pixels: each training image moves by up to so many
  bool flip = false;              ///< left-right, half of them
  int cutout = 0;                 ///< side of the square cut out of each
  double label_smoothing = 0;     ///< share of the target spread over all classes
  double weight_decay = 0;        ///< decoupled (AdamW), of the trained values
  double weight_decay_theta = 0;  ///< L2 on the generated weights: dtheta += this * theta
  double ema = 0;                 ///< decay a step of the average that is evaluated; 0: none

  bool any() const;
  bool augments() const { return shift > 0 || flip || cutout > 0; }
  AugmentDesc augment(std::uint64_t seed) const { return {shift, flip, cutout, seed}; }
};

/// Throws UsageError, naming the flag, for what is out of range or without meaning for this mapping
/// and network. `lr`: the peak learning rate, by which weight decay is multiplied.
Regularisation resolve(const Regularisation& asked, const MappingConfig& mapping,
                       const Network& net, double lr);

/// The JSON of a recipe's "regularisation", under the flags' names; only what is on. Throws
/// nlohmann's exceptions.
void to_json(nlohmann::json& json, const Regularisation& regularisation);
void from_json(const nlohmann::json& json, Regularisation& regularisation);

}  // namespace mapnet
