#include "data/content_hash.hpp"

#include <algorithm>
#include <vector>

#include "data/sha256.hpp"

namespace mapnet {

namespace {

constexpr std::size_t kStretch = 1024;

std::string hash_of_text(const std::string& text) {
  return sha256_hex(std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

std::string hash_of_floats(std::span<const float> values) {
  return sha256_hex(
      std::span(reinterpret_cast<const std::uint8_t*>(values.data()), values.size_bytes()));
}

}  // namespace

std::string training_samples_sha256(const Dataset& d) {
  if (d.task == Task::forecast) return hash_of_floats(read_series(d).values);
  const auto each = static_cast<std::size_t>(d.channels * d.height * d.width);
  if (d.floats) {
    std::vector<float> values(d.train.count * each);
    read_features(d, d.train, values);
    std::vector<std::uint8_t> labels(d.train.count * labels_per_sample(d));
    read_labels(d, d.train, labels);
    return hash_of_text(hash_of_floats(values) + sha256_hex(labels));
  }
  std::string hashes;
  std::vector<std::uint8_t> bytes;
  const std::size_t label_bytes = labels_per_sample(d);
  const std::size_t stretch = has_pictures(d) ? 1 : kStretch;
  for (std::size_t first = 0; first < d.train.count; first += stretch) {
    const std::size_t n = std::min(stretch, d.train.count - first);
    bytes.resize(n * (each + label_bytes));
    const std::span<std::uint8_t> pixels = std::span(bytes).first(n * each);
    const std::span<std::uint8_t> labels = std::span(bytes).subspan(n * each);
    if (has_pictures(d))
      decode_sample(d, first, pixels, labels);
    else
      read_part(d, first, pixels, labels);
    hashes += sha256_hex(bytes);
  }
  return hash_of_text(hashes);
}

}  // namespace mapnet
