#pragma once

#include "train/recipes.hpp"
#include "train/toy_data.hpp"
#include "train/toy_tasks.hpp"

/// What tests of learned maps have in common.
namespace mapnet::test {

inline const ToyData& digits() {
  static const ToyData data(42, 20);
  return data;
}

inline constexpr const char* kFamilies[] = {"gradient", "kronecker", "trajectory"};

inline RunConfig learned_run(const char* family, const std::string& strategy = "slvt") {
  RunConfig config = small_run(strategy);
  config.map = family;
  if (config.latent) config.latent = testing_emulated() ? 8 : 24;  // as many sketches as latents
  if (!config.latents.empty()) config.latents = {9, 16, 20, 8};
  if (config.map == "kronecker") config.learned_map.sketches = testing_emulated() ? 4 : 20;
  if (config.map == "trajectory") config.learned_map.epochs = 2;
  return config;
}

/// A map of few gradients of a data set of pictures.
inline RunConfig learned_run_of_pictures(const Dataset& pictures) {
  RunConfig config = toy_run("cnn3", pictures, "slvt");
  config.map = "gradient";
  config.latent = 4;
  return config;
}

}  // namespace mapnet::test
