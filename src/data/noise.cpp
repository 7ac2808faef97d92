#include "data/noise.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <vector>

#include "common/error.hpp"
#include "data/each.hpp"

namespace mapnet {

namespace {

constexpr std::string_view kPrefix = "noise-", kPixels = "-pixels", kShapes = "-shapes";
constexpr std::uint64_t kSeed = 0x6d61706e65742031;
constexpr std::uint64_t kLabels = std::uint64_t{1} << 63;  // apart from the pixels' words
constexpr std::uint64_t kColours = std::uint64_t{1} << 62;
constexpr std::size_t kRectangles = 6;  // of a picture of shapes, over one another

/// SplitMix64's output function (Steele, Lea and Flood 2014).
std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

/// Bytes of a sample's stream, eight a word, the lowest first.
void fill_bytes(std::uint64_t stream, std::span<std::uint8_t> out) {
  const std::uint64_t start = mix(kSeed + stream * 0x9e3779b97f4a7c15);
  for (std::size_t i = 0; i < out.size(); i += 8) {
    const std::uint64_t word = mix(start + (i / 8 + 1) * 0x9e3779b97f4a7c15);
    const std::size_t n = std::min<std::size_t>(8, out.size() - i);
    for (std::size_t k = 0; k < n; ++k) out[i + k] = static_cast<std::uint8_t>(word >> (8 * k));
  }
}

std::size_t plane(const NoiseShape& s) {
  return static_cast<std::size_t>(s.height) * static_cast<std::size_t>(s.width);
}

/// Takes a number and, but for the last, the 'x' behind it off `text`.
bool take(std::string_view& text, int& value, bool last) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (last) return text.empty();
  if (!text.starts_with('x')) return false;
  text.remove_prefix(1);
  return true;
}

/// A class a pixel: rectangles over a background of class 0.
void paint_labels(const NoiseShape& s, std::uint64_t sample, std::span<std::uint8_t> labels) {
  std::array<std::uint8_t, 5 * kRectangles> random{};
  fill_bytes(kLabels + sample, random);
  std::ranges::fill(labels, std::uint8_t{0});
  const auto height = static_cast<std::size_t>(s.height), width = static_cast<std::size_t>(s.width);
  for (std::size_t k = 0; k < kRectangles; ++k) {
    const std::uint8_t* r = &random[5 * k];
    const std::size_t top = r[0] * height >> 8, left = r[1] * width >> 8;
    const std::size_t bottom = std::min(height, top + height / 8 + (r[2] * height >> 10));
    const std::size_t right = std::min(width, left + width / 8 + (r[3] * width >> 10));
    const auto label = static_cast<std::uint8_t>(1 + r[4] % (s.classes - 1));
    for (std::size_t y = top; y < bottom; ++y)
      for (std::size_t x = left; x < right; ++x) labels[y * width + x] = label;
  }
}

/// Noise becomes a picture of the labels: half of each byte is its class's colour.
void tint(const NoiseShape& s, std::uint64_t sample, std::span<std::uint8_t> pixels) {
  std::vector<std::uint8_t> labels(plane(s)), colours(static_cast<std::size_t>(s.classes));
  paint_labels(s, sample, labels);
  for (std::size_t c = 0; c < static_cast<std::size_t>(s.channels); ++c) {
    fill_bytes(kColours + c, colours);
    for (std::size_t i = 0; i < labels.size(); ++i) {
      std::uint8_t& pixel = pixels[c * labels.size() + i];
      pixel = static_cast<std::uint8_t>((pixel + colours[labels[i]]) / 2);
    }
  }
}

void check_range(std::string_view name, const char* what, int value, int most) {
  if (value < 1 || value > most)
    fail<UsageError>("{}: expected 1 to {} {}, found {}; the form is {}", name, most, what, value,
                     kNoiseForm);
}

}  // namespace

std::optional<NoiseShape> parse_noise(std::string_view name) {
  if (!name.starts_with(kPrefix)) return {};
  std::string_view text = name.substr(kPrefix.size());
  NoiseShape s;
  s.shapes = text.ends_with(kShapes);
  s.pixels = s.shapes || text.ends_with(kPixels);
  static_assert(kPixels.size() == kShapes.size());
  if (s.pixels) text.remove_suffix(kPixels.size());
  if (!take(text, s.channels, false) || !take(text, s.height, false) ||
      !take(text, s.width, false) || !take(text, s.classes, true))
    fail<UsageError>("{}: expected {}, as noise-3x224x224x1000", name, kNoiseForm);
  check_range(name, "channels", s.channels, 4);
  check_range(name, "rows", s.height, 8192);
  check_range(name, "columns", s.width, 8192);
  check_range(name, "classes", s.classes, s.pixels ? 256 : 65536);
  if (s.shapes && s.classes < 2)
    fail<UsageError>("{}: shapes need a class beside the background's", name);
  return s;
}

void read_pixels(const NoiseSplit& split, std::span<std::uint8_t> out) {
  const std::size_t bytes = static_cast<std::size_t>(split.shape.channels) * plane(split.shape);
  each_of(split.count, decoding_threads(), [&](std::size_t i) {
    const std::span<std::uint8_t> pixels = out.subspan(i * bytes, bytes);
    fill_bytes(split.first + i, pixels);
    if (split.shape.shapes) tint(split.shape, split.first + i, pixels);
  });
}

void read_labels(const NoiseSplit& split, std::span<std::uint8_t> out) {
  const std::size_t n = split.shape.pixels ? plane(split.shape) : 1;
  const auto classes = static_cast<unsigned>(std::min(split.shape.classes, 256));
  each_of(split.count, decoding_threads(), [&](std::size_t i) {
    const std::span<std::uint8_t> labels = out.subspan(i * n, n);
    if (split.shape.shapes) return paint_labels(split.shape, split.first + i, labels);
    fill_bytes(kLabels + split.first + i, labels);
    for (std::uint8_t& label : labels) label = static_cast<std::uint8_t>(label * classes >> 8);
  });
}

}  // namespace mapnet
