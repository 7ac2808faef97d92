#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace mapnet {

/// One vector of features in a file of its own, and its label.
struct StoredFeatures {
  std::filesystem::path file;
  std::string key;  // what it was made from, as the file must say
  std::uint8_t label = 0;
};

/// Samples that are vectors of `values` features.
struct FeatureSplit {
  std::size_t values = 0;
  std::vector<StoredFeatures> samples;
};

/// Writes a vector as a safetensors file: one float32 tensor "features", and as metadata the key
/// and the SHA-256 of the tensor's bytes ("sha256"). The file is there whole or not at all.
void write_features(const std::filesystem::path& file, const std::string& key,
                    std::span<const float> values);

/// Reads a vector of exactly that many values. Throws Error naming the file: not such a file, of
/// another key or length, or with another checksum than it says.
void read_features(const StoredFeatures& stored, std::span<float> values);

/// All of a split, [samples, values].
void read_features(const FeatureSplit& split, std::span<float> values);

/// [samples].
void read_labels(const FeatureSplit& split, std::span<std::uint8_t> labels);

}  // namespace mapnet
