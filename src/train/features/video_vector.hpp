#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace mapnet {

/// Consecutive features whose spreads over time are one value of a video's vector.
inline constexpr std::size_t kFeaturesASpread = 16;

/// Values of a video's vector, for `features` of a frame, which must be a multiple of 32: 2176 for
/// 2048.
constexpr std::size_t video_values(std::size_t features) {
  return features + features / kFeaturesASpread;
}

/// The vector as a CNN's picture has this many rows, for any number of features: 2176 = 34 x 64.
inline constexpr int kVideoRows = 34;

/// A video's vector from the features of its frames, taken one frame after another: the mean of
/// each feature (semantic information), then the standard deviations of the features over time,
/// averaged in groups of 16 consecutive ones (temporal information). Sums are in double and in the
/// frames' order.
class VideoVector {
 public:
  explicit VideoVector(std::size_t features) : mean_(features), squares_(features) {}
  void add(std::span<const float> features);
  std::size_t frames() const { return frames_; }

  /// [video_values]. Of a video of one frame the spreads are 0.
  void finish(std::span<float> values) const;

 private:
  std::vector<double> mean_, squares_;  // of the deviations from the mean (Welford 1962)
  std::size_t frames_ = 0;
};

}  // namespace mapnet
