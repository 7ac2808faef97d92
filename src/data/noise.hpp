#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace mapnet {

/// What a benchmark or a budget needs of data: samples of any shape, without files. Pixels and
/// labels are a hash of their place; there is nothing to be learned, but of shapes: rectangles on a
/// background, each in its class's colour under noise. What trains at all learns them in seconds.
struct NoiseShape {
  int channels = 0, height = 0, width = 0, classes = 0;
  bool pixels = false;  // a class a pixel, not one an image
  bool shapes = false;  // likewise, and the picture shows them
};

/// How a name is written: noise-3x224x224x1000, noise-3x256x256x11-pixels, noise-3x64x64x5-shapes.
inline constexpr std::string_view kNoiseForm = "noise-CxHxWxCLASSES[-pixels|-shapes]";

/// Few, so that the largest networks' pictures fit into memory: a step's time and the memory of a
/// run but for the samples themselves do not depend on how many there are.
inline constexpr std::size_t kNoiseTrainSamples = 256, kNoiseTestSamples = 64;

/// None for a name that does not begin with "noise-". UsageError, which shows the form, for one
/// that does and is not of it, and for more than 4 channels, 8192 pixels along an axis, 65536
/// classes an image or 256 a pixel.
std::optional<NoiseShape> parse_noise(std::string_view name);

/// A split: samples first ... first + count - 1 of an endless set.
struct NoiseSplit {
  NoiseShape shape;
  std::uint64_t first = 0;
  std::size_t count = 0;
};

/// [count, channels, height, width], each byte as likely as any other.
void read_pixels(const NoiseSplit& split, std::span<std::uint8_t> out);

/// [count], or [count, height, width]: each class as likely as any other. Labels are bytes, so of
/// more than 256 classes only the first 256 occur.
void read_labels(const NoiseSplit& split, std::span<std::uint8_t> out);

}  // namespace mapnet
