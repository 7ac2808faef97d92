#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "nets/network.hpp"
#include "train/pretrained.hpp"

namespace mapnet {

/// What a user says of the features of videos.
struct FeaturesConfig {
  std::optional<std::string> weights;  ///< safetensors file
  std::optional<std::string> net;
  std::optional<int> frames;
};

/// What videos' features are made with: all that they depend on but for the videos. Part of a
/// recipe.
struct FeatureSource {
  std::string net = "resnet50";
  Pretrained weights;
  int frames = 32;  ///< of a video, evenly spaced; 0: all

  bool given() const { return weights.given(); }
};

/// The classifier whose features are taken, for frames of 224 x 224.
Network feature_classifier(const std::string& net);

/// Values of a video's vector. Throws UsageError for a network that has no such features.
std::size_t video_values_of(const std::string& net);

/// Hashes the weights. Without any the source is not given: enough to describe or plan. Throws
/// UsageError, naming the flags, for what is unknown or out of range, and for any of them where
/// `data` holds no videos; Error as inspect_pretrained does.
FeatureSource resolve_features(const FeaturesConfig& config, std::string_view data);

/// The JSON of a recipe's "features".
void to_json(nlohmann::json& json, const FeatureSource& source);
void from_json(const nlohmann::json& json, FeatureSource& source);

}  // namespace mapnet
