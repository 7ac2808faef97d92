#include "train/pixel_statistics.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "common/error.hpp"
#include "device/ops/step_control.hpp"

namespace mapnet {

namespace {

std::vector<double> numbers(const nlohmann::json& json) {
  if (json.is_array()) return json.get<std::vector<double>>();
  return {json.get<double>()};
}

}  // namespace

PixelScale pixel_scale(const PixelStatistics& pixels, std::size_t channel) {
  const double mean = pixels.mean.at(channel), stddev = pixels.stddev.at(channel);
  return {static_cast<float>(1.0 / (255.0 * stddev)), static_cast<float>(-mean / stddev)};
}

void PixelMeasure::add(std::span<const std::uint8_t> image) {
  for (std::size_t c = 0; c < sums_.size(); ++c)
    for (const std::uint64_t pixel : image.subspan(c * plane_, plane_)) {
      sums_[c].sum += pixel;
      sums_[c].squares += pixel * pixel;
    }
  ++images_;
}

PixelStatistics PixelMeasure::result() const {
  PixelStatistics pixels;
  const double n = static_cast<double>(images_ * plane_);
  for (const Sums& s : sums_) {
    const double mean = static_cast<double>(s.sum) / n / 255.0;
    const double variance = static_cast<double>(s.squares) / n / (255.0 * 255.0) - mean * mean;
    pixels.mean.push_back(mean);
    pixels.stddev.push_back(std::sqrt(std::max(variance, 1e-12)));
  }
  return pixels;
}

PixelStatistics measure_pixels(std::span<const std::uint8_t> images, std::size_t channels,
                               std::size_t plane, std::span<const std::uint32_t> samples) {
  PixelMeasure measure(channels, plane);
  for (const std::size_t sample : samples)
    measure.add(images.subspan(sample * channels * plane, channels * plane));
  return measure.result();
}

void add_pixels(nlohmann::json& json, const PixelStatistics& pixels) {
  json["pixel_mean"] = pixels.mean;
  json["pixel_stddev"] = pixels.stddev;
}

PixelStatistics pixels_from_json(const nlohmann::json& json) {
  PixelStatistics pixels = {numbers(json.at("pixel_mean")), numbers(json.at("pixel_stddev"))};
  const std::size_t channels = pixels.mean.size();
  if (channels > kMaxImageChannels || pixels.stddev.size() != channels)
    fail("pixel_mean and pixel_stddev: expected as many numbers, {} at most, found {} and {}",
         kMaxImageChannels, channels, pixels.stddev.size());
  return pixels;
}

}  // namespace mapnet
