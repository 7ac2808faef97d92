#pragma once

#include <filesystem>
#include <vector>

#include "train/recipe.hpp"
#include "train/session.hpp"

namespace mapnet {

/// A trained model as its latents, seeds and description: all that is needed to rebuild theta.
///
/// A framed file (framed_file.hpp, "MAPNETLV", version 1; docs/formats.md). Its payload: float32
/// values (their number is "values" in the description), float32 running statistics (their number
/// is "state"; none where it is absent), for a pruned model uint32 words of one bit a parameter
/// (their number is "pruned_words"; set where the parameter is zero, see device/ops/prune.hpp).
/// Where a run refreshed its map the description says how often ("refreshes") and whether the
/// values are the "latents" of all rounds or "theta" ("stored"). Under a learned map float32 theta
/// ("theta" values) comes last: the map is rebuilt from data, and a model is to be used without.
struct LatentFile {
  Recipe recipe;
  int channels = 0, height = 0, width = 0, classes = 0;
  std::vector<std::string> class_names;
  /// Of the data set that it was trained on, those set aside too; 0: of a file without them.
  std::size_t train_samples = 0, test_samples = 0;
  PixelStatistics pixels;
  std::vector<float> values;          ///< z, of each round one; or theta itself
  std::size_t refreshes = 0;          ///< of the map: a round less than there are
  std::vector<float> state;           ///< Session::state
  std::vector<std::uint32_t> pruned;  ///< Session::pruned
  std::vector<float> theta;           ///< beside the latents of a learned map: what they expand to
  LearnedMapFacts learned_map;        ///< of it: all but what it took to build
  bool stores_theta = false;  ///< though z was trained: the rounds' latents would be more values

  /// Values there should be, for `trained` at a time and `target` of theta.
  std::size_t expected_values(std::size_t trained, std::size_t target) const {
    return stores_theta ? target : trained * (refreshes + 1);
  }
};

void write_latent_file(const std::filesystem::path& path, const LatentFile& file);

/// Throws Error naming the file and what is wrong: not a latent file, a newer version, truncated,
/// checksum mismatch, description and values at odds.
LatentFile read_latent_file(const std::filesystem::path& path);

}  // namespace mapnet
