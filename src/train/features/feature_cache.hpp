#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "data/features.hpp"
#include "data/videos.hpp"
#include "train/features/feature_source.hpp"

/// Where videos' vectors are kept: a file a video (data/features.hpp), called by its key. So what
/// is interrupted goes on with the next video, and a changed video is made anew alone.
namespace mapnet {

/// $XDG_CACHE_HOME/mapnet/features, else $HOME/.cache/mapnet/features. Throws Error when neither
/// variable is set.
std::filesystem::path default_feature_cache();

/// `n` of the frames, evenly spaced from the first on; all where there are not more, or n is 0.
std::vector<std::filesystem::path> choose_frames(std::vector<std::filesystem::path> frames, int n);

/// A video, its chosen frames, and where its vector lies or will lie.
struct CachedVideo {
  std::vector<std::filesystem::path> frames;
  StoredFeatures stored;
};

/// Looks at the videos' folders. A key is the SHA-256 of what a vector depends on: the network, the
/// weights' SHA-256, how the vector is made, and of each chosen frame its path within `root`, its
/// size and its time of modification. Not its contents: to read them all would take as long as to
/// decode them, in every run.
std::vector<CachedVideo> find_features(std::span<const Video> videos,
                                       const std::filesystem::path& root,
                                       const FeatureSource& source,
                                       const std::filesystem::path& cache);

}  // namespace mapnet
