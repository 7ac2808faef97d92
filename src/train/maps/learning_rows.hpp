#pragma once

#include <string_view>

#include "train/maps/kept_trajectory.hpp"
#include "train/maps/map_source.hpp"

namespace mapnet {

/// What a map is learned from, row after row, wherever it comes from: gradients of the network, the
/// trajectory of a direct training, or one that was kept (kept_trajectory.hpp).
class LearningRows {
 public:
  /// As MapSource; `data_sha256`: training_samples_sha256 of `dataset`. A
  /// trajectory from where a network has come to, or from given weights, is not kept: nobody asks
  /// for it twice.
  LearningRows(const Recipe& recipe, const Network& net, const Dataset& dataset, const MapDesc& map,
               std::span<const float> start, std::string_view data_sha256, int process);

  std::size_t count() const;
  std::size_t columns() const { return columns_; }
  void each(const TakeRow& take);

  /// That went through the network and back for them, now or when they were kept.
  std::size_t samples() const;
  /// What was spent on them before.
  double seconds_before() const { return kept_ ? kept_->facts().seconds : 0; }

 private:
  std::size_t columns_;
  std::string key_;  // none: not kept
  std::optional<KeptTrajectory> kept_;
  std::optional<MapSource> source_;
};

}  // namespace mapnet
