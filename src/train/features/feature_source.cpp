#include "train/features/feature_source.hpp"

#include <nlohmann/json.hpp>

#include "common/json.hpp"
#include "data/manifest.hpp"
#include "train/features/feature_network.hpp"
#include "train/features/video_vector.hpp"
#include "train/recipe/check.hpp"
#include "train/recipe/limits.hpp"

namespace mapnet {

Network feature_classifier(const std::string& net) {
  return build_network(net, {3, 224, 224, 1000});  // ImageNet's
}

std::size_t video_values_of(const std::string& net) {
  if (net != "resnet18" && net != "resnet50")
    fail<UsageError>("--features-net is {}; expected resnet18 or resnet50", net);
  return video_values(static_cast<std::size_t>(without_head(feature_classifier(net)).classes));
}

FeatureSource resolve_features(const FeaturesConfig& c, std::string_view data) {
  FeatureSource source;
  if (!holds_videos(data)) {
    constexpr const char* why = "is for data sets of videos";
    refuse(c.weights.has_value(), "--features-weights", why);
    refuse(c.net.has_value(), "--features-net", why);
    refuse(c.frames.has_value(), "--features-frames", why);
    return source;
  }
  source.net = c.net.value_or(source.net);
  source.frames = c.frames.value_or(source.frames);
  require(source.frames >= 0 && source.frames <= kMaxFrames, "--features-frames", source.frames,
          "1 to 1000000, or 0 for all");
  video_values_of(source.net);
  if (c.weights) source.weights = inspect_pretrained(*c.weights, feature_classifier(source.net));
  return source;
}

void to_json(nlohmann::json& json, const FeatureSource& source) {
  json = {{"net", source.net}, {"weights", source.weights}, {"frames", source.frames}};
}

void from_json(const nlohmann::json& json, FeatureSource& source) {
  json.at("net").get_to(source.net);
  json.at("weights").get_to(source.weights);
  source.frames = static_cast<int>(whole_number(json.at("frames"), "frames", 0, kMaxFrames));
}

}  // namespace mapnet
