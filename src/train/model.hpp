#pragma once

#include <filesystem>

#include "train/inference.hpp"
#include "train/latent_file.hpp"

namespace mapnet {

/// A trained model read back from a run's folder (its model.latent) or from a latent file itself.
struct Model {
  LatentFile file;
  Network net;
};

/// Throws Error when there is no latent file or its network has other counts than it says.
/// `pretrained`: where a fine-tuned model's pre-trained weights lie now, if not where they were;
/// UsageError for a model that has none.
Model open_model(const std::filesystem::path& run_or_file,
                 const std::filesystem::path& pretrained = {});

/// Where a model is to run.
struct DeviceChoice {
  std::string device = "auto";  ///< as resolve_device takes it
  int threads = 0;              ///< of a CPU; 0: as in training
};

/// The latent file of a run's folder, or the file itself.
std::filesystem::path latent_file_of(const std::filesystem::path& run_or_file);

/// Makes the model's values those of a new session of the same mapping, behind the rounds that led
/// there, and its running statistics.
void begin_with(Session& session, const Model& model);

/// Training samples of the data set that the model's training set aside: none of another's.
std::size_t set_aside(const Model& model, const Dataset& dataset);

/// The model's recipe for another machine. Throws UsageError as resolve_device does.
Recipe recipe_on(const Model& model, const DeviceChoice& choice);

/// theta [P], expanded from the latents.
std::vector<float> expand_theta(const Model& model, const DeviceChoice& choice = {});

/// The same as a file of weights holds it: each tensor's center added.
std::vector<float> expand_weights(const Model& model, const DeviceChoice& choice = {});

/// Metrics over a data set's split with the model's own pixel scaling. Throws UsageError where the
/// data set is none for its network.
Metrics evaluate_model(const Model& model, const Dataset& dataset, Split split,
                       const DeviceChoice& choice = {});

/// The same of the model in int8 (Session::evaluate_int8), however it was trained.
Metrics evaluate_model_int8(const Model& model, const Dataset& dataset, Split split,
                            const DeviceChoice& choice = {});

/// What enters each weighted layer over those training samples (Session::calibrate): the ranges of
/// an int8 network's activations.
std::vector<float> calibrate_model(const Model& model, const Dataset& dataset,
                                   const DeviceChoice& choice = {});

/// The model ready to be asked, on any inputs.
Inference open_inference(const Model& model, int batch, const DeviceChoice& choice = {});

}  // namespace mapnet
