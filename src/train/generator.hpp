#pragma once

#include <string>

#include "device/ops/share.hpp"
#include "mapping/mapping.hpp"
#include "mapping/trained_map.hpp"
#include "train/recipe.hpp"

namespace mapnet {

/// What makes theta [P] of a run's trained values, and their gradient of dtheta, whatever the
/// recipe trains: theta itself, latents of a fixed map, a map, or shifts of given weights. What is
/// pruned is zero in theta and has no gradient.
class Generator {
 public:
  Generator(Schedule& schedule, const Recipe& recipe, const Network& net);

  /// Adds the setup steps that draw `value` [value_count] and build what is fixed.
  void setup(BufferId value);

  /// Values that the steps as built train.
  std::size_t value_count() const;
  bool direct() const { return recipe_->mapping.strategy == Strategy::direct; }

  /// Adds the steps of theta; for direct there are none, theta is `value`. `keep` for a backward
  /// pass to follow.
  void forward(BufferId value, BufferId theta, bool keep);

  /// Adds the step that zeroes what is pruned, of theta or dtheta.
  void mask(const char* name, BufferId theta) const;

  /// Adds the steps that set `gradient` [value_count] from dtheta, masked. Not for direct.
  void backward(BufferId value, BufferId dtheta, BufferId gradient) const;

  /// The same for a second theta in the same phase: it keeps its own pre-activations.
  Generator apart() const;

  /// The first layer whose parameters have a gradient, or "" for all.
  std::string first_trained_layer() const;

  const MapDesc& map() const { return map_; }
  MapState& map_state() { return map_state_; }
  BufferId pretrained() const { return pretrained_; }  ///< [P], its owner's to fill; or none
  BufferId pruned() const { return pruned_; }          ///< bits [P], likewise

 private:
  bool map_trained() const { return trains_map(recipe_->mapping.variant); }
  bool finetunes() const { return recipe_->mapping.finetune.on(); }

  Schedule* schedule_;
  const Recipe* recipe_;
  const Network* net_;
  MapDesc map_;
  MapState map_state_;
  TrainedMap trained_map_;
  ShareDesc share_;  // where the outputs of a fine-tuning map go
  ShareState share_state_;
  BufferId pretrained_ = kNoBuffer, pruned_ = kNoBuffer;
};

}  // namespace mapnet
