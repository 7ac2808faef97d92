#include "train/features/video_vector.hpp"

#include <cmath>

#include "common/error.hpp"

namespace mapnet {

void VideoVector::add(std::span<const float> features) {
  if (features.size() != mean_.size())
    fail("expected {} features of a frame, found {}", mean_.size(), features.size());
  ++frames_;
  for (std::size_t i = 0; i < mean_.size(); ++i) {
    const double x = static_cast<double>(features[i]), apart = x - mean_[i];
    mean_[i] += apart / static_cast<double>(frames_);
    squares_[i] += apart * (x - mean_[i]);
  }
}

void VideoVector::finish(std::span<float> values) const {
  const std::size_t n = mean_.size();
  if (frames_ == 0 || values.size() != video_values(n))
    fail("expected a frame or more and room for {} values, found {} frames and {}", video_values(n),
         frames_, values.size());
  for (std::size_t i = 0; i < n; ++i) values[i] = static_cast<float>(mean_[i]);
  for (std::size_t group = 0; group < n / kFeaturesASpread; ++group) {
    double sum = 0;
    for (std::size_t i = 0; i < kFeaturesASpread; ++i)
      sum += std::sqrt(squares_[group * kFeaturesASpread + i] / static_cast<double>(frames_));
    values[n + group] = static_cast<float>(sum / static_cast<double>(kFeaturesASpread));
  }
}

}  // namespace mapnet
