#include "train/predict.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "common/error.hpp"
#include "data/resize.hpp"

namespace mapnet {

namespace {

void best_first(std::vector<ClassShare>& shares) {
  std::ranges::stable_sort(shares, std::greater(), &ClassShare::share);
}

}  // namespace

std::vector<std::uint8_t> read_network_input(const std::filesystem::path& file,
                                             const Network& net) {
  if (net.channels != 1 && net.channels != 3)
    fail<UsageError>("{} takes images of {} channels; a picture has 1 or 3", net.name,
                     net.channels);
  const Image picture = resize_smooth(read_image(file, net.channels), {net.width, net.height});
  std::vector<std::uint8_t> planes(picture.pixels.size());
  to_planes(picture, planes);
  return planes;
}

std::vector<ClassShare> probabilities(std::span<const float> logits) {
  const double largest = static_cast<double>(*std::ranges::max_element(logits));
  std::vector<ClassShare> classes;
  double sum = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    classes.push_back({i, std::exp(static_cast<double>(logits[i]) - largest)});
    sum += classes.back().share;
  }
  for (ClassShare& c : classes) c.share /= sum;
  best_first(classes);
  return classes;
}

Image label_map(std::span<const float> logits, const Network& net) {
  const std::size_t plane = static_cast<std::size_t>(net.height) * net.width;
  Image labels{net.width, net.height, 1, std::vector<std::uint8_t>(plane)};
  for (std::size_t i = 0; i < plane; ++i)
    for (std::size_t k = 1; k < static_cast<std::size_t>(net.classes); ++k)
      if (logits[k * plane + i] > logits[labels.pixels[i] * plane + i])
        labels.pixels[i] = static_cast<std::uint8_t>(k);
  return labels;
}

std::vector<ClassShare> class_shares(const Image& labels) {
  std::array<std::size_t, 256> counts = {};
  for (const std::uint8_t label : labels.pixels) ++counts[label];
  std::vector<ClassShare> shares;
  for (std::size_t k = 0; k < counts.size(); ++k)
    if (counts[k] > 0)
      shares.push_back(
          {k, static_cast<double>(counts[k]) / static_cast<double>(labels.pixels.size())});
  best_first(shares);
  return shares;
}

}  // namespace mapnet
