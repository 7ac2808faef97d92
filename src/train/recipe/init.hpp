#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "mapping/mapping.hpp"
#include "nets/network.hpp"
#include "train/pretrained.hpp"
#include "train/recipe/trained_on.hpp"

/// A run that begins with the latents of a trained model.
namespace mapnet {

struct RunConfig;

/// Which one. Its rounds, where its map was refreshed, come before those of the run.
struct Init {
  std::string file;    ///< absolute path of a run folder or latent file
  std::string sha256;  ///< of the latent file
  std::size_t refreshes = 0;
  /// Trainings that its values come from (trained_on.hpp). Of a run that has begun only those whose
  /// samples are not all its own: a model says by its recipe what else it was trained on.
  std::vector<TrainedOn> trained_on;
  bool given() const { return !file.empty(); }
};

/// What such a run takes from the model: the latents mean something under its map alone.
struct InitModel {
  Init init;
  MappingConfig mapping;
  double latent_std = 1;
  Pretrained pretrained;
  /// By which samples are set aside, where that is not the run's seed: of a data set that the
  /// model, or one that it began with, was trained on those come first that that training set
  /// aside.
  std::optional<std::uint64_t> split_seed;
};

struct Recipe;

/// Samples that the run sets aside and its map is learned from, of `have` to train on: with --init
/// that is the model's map, whatever the run sets aside.
std::size_t learned_validation_samples(const Recipe& run, std::size_t have);

/// Nothing without --init. Throws UsageError where flags contradict the model, Error where it
/// cannot be read or is of another network.
std::optional<InitModel> resolve_init(const RunConfig& config, const Network& net);

/// The JSON of a recipe's "init". Throws nlohmann's exceptions.
void to_json(nlohmann::json& json, const Init& init);
void from_json(const nlohmann::json& json, Init& init);

}  // namespace mapnet
