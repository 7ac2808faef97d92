#include "train/maps/learning_rows.hpp"

#include <nlohmann/json.hpp>

#include "common/stopwatch.hpp"
#include "train/build_info.hpp"

namespace mapnet {

namespace {

/// All that the bits of a trajectory depend on. `scaled`: the samples by which inputs are scaled,
/// in the order of `seed`.
std::string key_of(const Recipe& training, const SampleCounts& scaled, std::uint64_t seed,
                   std::int64_t interval, const MapDesc& map, std::string_view data_sha256,
                   int process) {
  nlohmann::json scales = nlohmann::json::array();
  for (const RowScale& s : map.scales) scales.push_back({s.offset, s.rows, s.scale});
  return nlohmann::json{{"program", program_identity()},
                        {"device", open_device(training, process)->description()},
                        {"training", to_json(training)},
                        {"samples", data_sha256},
                        {"snapshot_every", interval},
                        {"scales", scales},
                        {"scaled_by", {scaled.train, scaled.split_seed, seed}}}
      .dump();
}

}  // namespace

LearningRows::LearningRows(const Recipe& recipe, const Network& net, const Dataset& dataset,
                           const MapDesc& map, std::span<const float> start,
                           std::string_view data_sha256, int process)
    : columns_(map.target_size()) {
  const bool keeps = trajectory_cache() && recipe.mapping.learned.from_training() &&
                     start.empty() && !recipe.mapping.finetune.on();
  if (keeps) {
    const Recipe training = learning_recipe(recipe, dataset);
    const std::int64_t interval =
        snapshot_interval(recipe.mapping.learned, training, split_samples(training, dataset));
    key_ = key_of(training, scaled_by(recipe, dataset), learned_in(recipe).seed, interval, map,
                  data_sha256, process);
    kept_ = KeptTrajectory::find(*trajectory_cache(), key_);
  }
  if (!kept_) source_.emplace(recipe, net, dataset, map, start, process);
}

std::size_t LearningRows::count() const {
  return kept_ ? kept_->facts().rows : source_->row_count();
}

std::size_t LearningRows::samples() const {
  return kept_ ? kept_->facts().samples : source_->samples_seen();
}

void LearningRows::each(const TakeRow& take) {
  if (kept_) return kept_->each_row(take);
  if (key_.empty()) return source_->each_row(take);
  const Stopwatch watch;
  double others = 0;  // that keeping and learning took, which is no part of the training
  TrajectoryKeeper keeper(*trajectory_cache(), key_, count(), columns_);
  source_->each_row([&](std::span<const float> row) {
    const Stopwatch pause;
    keeper.take(row);
    take(row);
    others += pause.seconds();
  });
  keeper.keep(source_->samples_seen(), watch.seconds() - others);
}

}  // namespace mapnet
