#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>

#include "data/dataset.hpp"
#include "train/features/extract.hpp"

namespace mapnet {

/// A data set of videos as a network sees it: one picture [1, 34, values / 34] a video, real or
/// fake. Counts are those published.
Dataset describe_video_features(std::string_view name, const FeatureSource& source);

struct FeatureExtractionOptions {
  std::filesystem::path cache;  ///< empty: default_feature_cache()
  int batch = 16;               ///< frames at a time
  bool cached_alone = false;    ///< what the cache lacks is not made, but an Error
  std::function<std::shared_ptr<Device>()> device;
  std::function<void(const Extraction&)> progress;
};

/// The same with its vectors, those that the cache lacks made first; split by identity
/// (open_videos). Throws UsageError without a folder or weights, Error as open_videos,
/// extract_features and read_pretrained do, and where it lacks some and `cached_alone` is set. What
/// was done is left in `extraction` where it is not null.
Dataset open_video_features(std::string_view name, const std::filesystem::path& folder,
                            const FeatureSource& source, const FeatureExtractionOptions& options,
                            Extraction* extraction = nullptr);

}  // namespace mapnet
