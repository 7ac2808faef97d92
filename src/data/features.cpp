#include "data/features.hpp"

#include <algorithm>

#include "common/bytes.hpp"
#include "common/error.hpp"
#include "data/each.hpp"
#include "data/safetensors.hpp"
#include "data/safetensors_reader.hpp"
#include "data/sha256.hpp"

namespace mapnet {

namespace {

constexpr const char* kTensor = "features";

std::string checksum(std::span<const float> values) { return sha256_of_text(bytes_of(values)); }

std::string metadata(const SafetensorsFile& file, const char* name) {
  const auto found = file.metadata().find(name);
  return found == file.metadata().end() ? "nothing" : found->second;
}

}  // namespace

void write_features(const std::filesystem::path& file, const std::string& key,
                    std::span<const float> values) {
  write_safetensors(file, {{kTensor, {static_cast<int>(values.size())}, values}},
                    {{"key", key}, {"sha256", checksum(values)}});
}

void read_features(const StoredFeatures& stored, std::span<float> values) {
  const std::string name = stored.file.string();
  const SafetensorsFile file(stored.file);
  const StoredTensor* tensor = file.find(kTensor);
  if (!tensor || tensor->size != values.size() || tensor->dtype != "F32")
    fail("{}: expected a float32 tensor \"{}\" of {} values, found {}", name, kTensor,
         values.size(),
         tensor ? tensor->dtype + " " + shape_text(tensor->shape) : std::string("none"));
  if (const std::string key = metadata(file, "key"); key != stored.key)
    fail("{}: expected the features of key {}, found those of {}", name, stored.key, key);
  file.read(*tensor, values);
  const std::string expected = metadata(file, "sha256"), found = checksum(values);
  if (expected != found)
    fail("{}: damaged: expected values of SHA-256 {}, found {}; remove it, and it is made anew",
         name, expected, found);
}

void read_features(const FeatureSplit& split, std::span<float> values) {
  if (values.size() != split.samples.size() * split.values)
    fail("expected room for {} vectors of {} features, found {} values", split.samples.size(),
         split.values, values.size());
  each_of(split.samples.size(), decoding_threads(), [&](std::size_t i) {
    read_features(split.samples[i], values.subspan(i * split.values, split.values));
  });
}

void read_labels(const FeatureSplit& split, std::span<std::uint8_t> labels) {
  if (labels.size() != split.samples.size())
    fail("expected room for {} labels, found {}", split.samples.size(), labels.size());
  std::ranges::transform(split.samples, labels.begin(), &StoredFeatures::label);
}

}  // namespace mapnet
