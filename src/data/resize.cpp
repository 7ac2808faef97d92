#include "data/resize.hpp"

#include <algorithm>
#include <cmath>

namespace mapnet {

namespace {

/// What one output position is made of: input positions from `first` on, with weights of sum 1.
struct Mix {
  std::size_t first = 0;
  std::vector<float> weights;
};

std::vector<Mix> mix_axis(int from, int to) {
  std::vector<Mix> mixes(static_cast<std::size_t>(to));
  const double scale = static_cast<double>(from) / to;  // input pixels an output pixel
  for (int i = 0; i < to; ++i) {
    Mix& mix = mixes[static_cast<std::size_t>(i)];
    if (to < from) {
      const double begin = i * scale, end = std::min<double>((i + 1) * scale, from);
      const int first = static_cast<int>(begin), last = static_cast<int>(std::ceil(end));
      mix.first = static_cast<std::size_t>(first);
      for (int k = first; k < last; ++k) {
        const double covered = std::min<double>(end, k + 1) - std::max<double>(begin, k);
        mix.weights.push_back(static_cast<float>(covered / scale));
      }
    } else {
      const double centre = std::clamp((i + 0.5) * scale - 0.5, 0.0, from - 1.0);
      const int first = std::min(static_cast<int>(centre), std::max(from - 2, 0));
      mix.first = static_cast<std::size_t>(first);
      const auto second = static_cast<float>(centre - first);
      mix.weights = {1 - second};
      if (from > 1) mix.weights.push_back(second);
    }
  }
  return mixes;
}

}  // namespace

Image resize_smooth(const Image& in, ImageSize size) {
  if (ImageSize{in.width, in.height} == size) return in;
  const auto channels = static_cast<std::size_t>(in.channels);
  const auto in_width = static_cast<std::size_t>(in.width);
  const auto height = static_cast<std::size_t>(size.height);
  const std::vector<Mix> columns = mix_axis(in.width, size.width);
  const std::vector<Mix> rows = mix_axis(in.height, size.height);
  Image out{size.width, size.height, in.channels, {}};
  out.pixels.resize(height * static_cast<std::size_t>(size.width) * channels);
  // Down the columns first: whole rows are added, and what is left for the second step is smaller.
  std::vector<float> row(in_width * channels);
  auto* to = out.pixels.data();
  for (const Mix& r : rows) {
    std::ranges::fill(row, 0.0f);
    for (std::size_t k = 0; k < r.weights.size(); ++k) {
      const std::uint8_t* from = in.pixels.data() + (r.first + k) * row.size();
      for (std::size_t i = 0; i < row.size(); ++i)
        row[i] += r.weights[k] * static_cast<float>(from[i]);
    }
    for (const Mix& c : columns)
      for (std::size_t channel = 0; channel < channels; ++channel) {
        const float* from = row.data() + c.first * channels + channel;
        float sum = 0;
        for (std::size_t k = 0; k < c.weights.size(); ++k) sum += c.weights[k] * from[k * channels];
        *to++ = static_cast<std::uint8_t>(std::clamp(sum + 0.5f, 0.0f, 255.0f));
      }
  }
  return out;
}

Image resize_nearest(const Image& in, ImageSize size) {
  if (ImageSize{in.width, in.height} == size) return in;
  // The centre, (i + 1/2) * from / to, in whole numbers.
  const auto source = [](int i, int from, int to) {
    return static_cast<std::size_t>((2 * std::int64_t{i} + 1) * from / (2 * std::int64_t{to}));
  };
  const auto channels = static_cast<std::size_t>(in.channels);
  Image out{size.width, size.height, in.channels, {}};
  out.pixels.reserve(static_cast<std::size_t>(size.width) * size.height * channels);
  for (int y = 0; y < size.height; ++y)
    for (int x = 0; x < size.width; ++x) {
      const std::size_t at =
          source(y, in.height, size.height) * in.width + source(x, in.width, size.width);
      const auto pixel = in.pixels.begin() + static_cast<std::ptrdiff_t>(at * channels);
      out.pixels.insert(out.pixels.end(), pixel, pixel + in.channels);
    }
  return out;
}

}  // namespace mapnet
