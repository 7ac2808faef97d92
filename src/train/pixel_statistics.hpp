#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <vector>

namespace mapnet {

/// How pixels become inputs, a channel each: x = (pixel / 255 - mean) / stddev.
struct PixelStatistics {
  std::vector<double> mean, stddev;
};

/// The same as x = pixel * scale + shift, in float32 as every pass computes it.
struct PixelScale {
  float scale, shift;
};
PixelScale pixel_scale(const PixelStatistics& pixels, std::size_t channel);

/// Measures images [channels, plane], one after another. Exact sums: the order does not matter. A
/// channel that never changes gets a stddev of 1e-6.
class PixelMeasure {
 public:
  PixelMeasure(std::size_t channels, std::size_t plane) : plane_(plane), sums_(channels) {}
  void add(std::span<const std::uint8_t> image);
  PixelStatistics result() const;

 private:
  struct Sums {                          // of one channel
    std::uint64_t sum = 0, squares = 0;  // 2^64 / 255^2 is more pixels than there are
  };
  std::size_t plane_, images_ = 0;
  std::vector<Sums> sums_;
};

/// Of images [count, channels, plane], those whose numbers `samples` lists.
PixelStatistics measure_pixels(std::span<const std::uint8_t> images, std::size_t channels,
                               std::size_t plane, std::span<const std::uint32_t> samples);

/// "pixel_mean" and "pixel_stddev" of a latent file: arrays with an entry a channel; a lone number,
/// which older files have for their one channel, is read too.
void add_pixels(nlohmann::json& json, const PixelStatistics& pixels);
PixelStatistics pixels_from_json(const nlohmann::json& json);

}  // namespace mapnet
