#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "device/ops/share.hpp"
#include "train/maps/take_row.hpp"
#include "train/session.hpp"

namespace mapnet {

/// Where a map is to be learned: the network at the map's base (or at a theta given), and the
/// samples, whose inputs are scaled as the run scales them (scaled_by). It trains nothing of the
/// run's own.
///
/// Everything comes out in the coordinates of the map's outputs before their scales, u: that of an
/// output that moves several weights, or a fine-tuned layer's by alpha, is what eq. 25 makes of it.
class MapSource {
 public:
  /// `start` [P]: theta to learn at; empty: the map's base of the recipe's learned.seed, or the
  /// pre-trained weights. `dataset`: what is learned from. Throws as Session does.
  /// `process`: which of its machine's the run is (open_device).
  MapSource(const Recipe& recipe, const Network& net, const Dataset& dataset, const MapDesc& map,
            std::span<const float> start, int process = 0);

  /// What the map is learned from, one row [outputs] after another, row_count() of them: the
  /// trajectory of a direct training where that is asked for, sketched gradients else.
  std::size_t row_count() const;
  void each_row(const TakeRow& take);

  /// J^T v over the next batch of samples, v ~ N(0, 1) for each logit, into [outputs].
  void sketch(std::span<float> out);

  const Session& session() const { return *session_; }
  std::size_t outputs() const { return scales_.size(); }
  /// That went through the network and back so far.
  std::size_t samples_seen() const { return samples_seen_; }

 private:
  void to_outputs(std::span<const float> theta, bool gradient, std::span<float> out) const;
  /// Trains theta itself; `take` gets theta less the start after each `every` steps, [outputs].
  void train(std::int64_t every, const TakeRow& take);

  LearnedMap learned_;
  Recipe recipe_;
  std::optional<Session> session_;
  std::vector<float> scales_;  // of each output
  std::optional<ShareDesc> share_;
  std::vector<float> start_, theta_;  // [P]
  int epoch_ = 0;
  std::int64_t next_ = 0;
  std::size_t samples_seen_ = 0;
};

/// What a session does whose network is learned from: it trains, or sketches gradients.
Purpose learning_purpose(const LearnedMap& learned);

/// The recipe of that network, on `dataset`: another than the run's where --map-data says so. It is
/// trained as the run is, with its augmentation and its loss, but for what concerns latents.
Recipe learning_recipe(const Recipe& recipe, const Dataset& dataset);

/// By the first `train` of these, in the order of the run's seed, inputs of `dataset` are scaled:
/// by all that the run trains on, or would there. Fewer samples or another seed to learn by
/// (--map-samples, --map-seed, a refresh) change no unit of what the network reads. The run is that
/// of learned_in: begun with a model the same map is learned again.
SampleCounts scaled_by(const Recipe& recipe, const Dataset& dataset);

/// Finds a data set, or describes it: open_dataset, describe_dataset.
using FindDataset = Dataset (*)(std::string_view name, const DatasetOptions& options);

/// What the run's map is learned from: `dataset`, which is the run's own, or what --map-data names.
/// Throws as `find` does, UsageError where that is of another shape.
Dataset data_to_learn_from(const Recipe& recipe, const Network& net, const Dataset& dataset,
                           FindDataset find);

/// Throws UsageError where the recipe's map is learned from a data set that is unknown or of another
/// shape, before anything of the run is there.
void require_learnable(const Recipe& recipe, const Network& net);

/// Steps of that network between its snapshots, for about as many as are asked for.
std::int64_t snapshot_interval(const LearnedMap& learned, const Recipe& training,
                               const SampleCounts& counts);

/// Rows that a map is learned from: sketches, or snapshots, up to twice as many as are asked for.
std::size_t rows_of(const LearnedMap& learned, const Recipe& training, const SampleCounts& counts);

}  // namespace mapnet
