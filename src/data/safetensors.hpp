#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace mapnet {

/// A tensor to be written, row-major.
struct NamedTensor {
  std::string name;
  std::vector<int> shape;
  std::span<const float> values;
};

/// How the values are written.
enum class FloatType {
  f32,
  bf16,  ///< rounded to nearest, ties to even
};

/// Writes a safetensors file (huggingface/safetensors' format: a little-endian uint64 header
/// length, a JSON header padded with spaces to 8 bytes, then the tensors' bytes in the order
/// given). Throws Error when a shape and its values disagree or the file cannot be written.
void write_safetensors(const std::filesystem::path& path, const std::vector<NamedTensor>& tensors,
                       const std::map<std::string, std::string>& metadata = {},
                       FloatType type = FloatType::f32);

}  // namespace mapnet
