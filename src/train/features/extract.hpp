#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>

#include "train/features/feature_cache.hpp"
#include "train/features/feature_network.hpp"

namespace mapnet {

/// How far an extraction is, and what it cost.
struct Extraction {
  std::size_t videos = 0;     ///< of which vectors were asked for
  std::size_t cached = 0;     ///< were there already
  std::size_t made = 0;       ///< so far
  std::size_t frames = 0;     ///< that went through the network
  double seconds = 0;         ///< in all
  double decode_seconds = 0;  ///< of decoding, on a thread of its own
  double waited_seconds = 0;  ///< that the network had to wait for it
};

/// Reads the vectors of `values` values that the cache has, to be sure of them, and makes those
/// that it lacks, a file after each video. `make_network` is called only where there are any.
/// Frames are decoded ahead, and brought to the network's size, on a thread of their own.
/// `progress` is called after each video. Throws Error naming the cached file that is damaged, the
/// frame that cannot be read, or the file that cannot be written; the videos before it are kept.
Extraction extract_features(std::span<const CachedVideo> videos, std::size_t values,
                            const std::function<std::unique_ptr<FeatureNetwork>()>& make_network,
                            const std::function<void(const Extraction&)>& progress = {});

}  // namespace mapnet
