#include "train/pixel_statistics.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "common/error.hpp"
#include "device/ops/step_control.hpp"

namespace mapnet {

namespace {

/// Of one channel.
struct Sums {
  std::uint64_t sum = 0, squares = 0;  // exact: 2^64 / 255^2 is more pixels than there are

  void add(std::span<const std::uint8_t> pixels) {
    for (const std::uint64_t pixel : pixels) {
      sum += pixel;
      squares += pixel * pixel;
    }
  }
};

std::vector<double> numbers(const nlohmann::json& json) {
  if (json.is_array()) return json.get<std::vector<double>>();
  return {json.get<double>()};
}

}  // namespace

PixelScale pixel_scale(const PixelStatistics& pixels, std::size_t channel) {
  const double mean = pixels.mean.at(channel), stddev = pixels.stddev.at(channel);
  return {static_cast<float>(1.0 / (255.0 * stddev)), static_cast<float>(-mean / stddev)};
}

PixelStatistics measure_pixels(std::span<const std::uint8_t> images, std::size_t channels,
                               std::size_t plane, std::span<const std::uint32_t> samples) {
  std::vector<Sums> sums(channels);
  for (const std::size_t sample : samples)
    for (std::size_t c = 0; c < channels; ++c)
      sums[c].add(images.subspan((sample * channels + c) * plane, plane));
  PixelStatistics pixels;
  const double n = static_cast<double>(samples.size() * plane);
  for (const Sums& s : sums) {
    const double mean = static_cast<double>(s.sum) / n / 255.0;
    const double variance = static_cast<double>(s.squares) / n / (255.0 * 255.0) - mean * mean;
    pixels.mean.push_back(mean);
    pixels.stddev.push_back(std::sqrt(std::max(variance, 1e-12)));
  }
  return pixels;
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
