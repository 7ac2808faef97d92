#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/input_file.hpp"

namespace mapnet {

/// A tensor's entry in a safetensors header.
struct StoredTensor {
  std::string name;
  std::string dtype;               ///< "F32", "BF16", "F16", ... as the format spells it
  std::vector<std::size_t> shape;  ///< empty: one value
  std::size_t size = 0;            ///< values
  std::size_t offset = 0;          ///< bytes from the beginning of the file
  std::size_t bytes = 0;
};

/// "[16, 1, 3, 3]"
std::string shape_text(std::span<const std::size_t> shape);

/// A safetensors file (huggingface/safetensors' format, as write_safetensors describes it) opened
/// for reading. The whole header is checked before anything is believed: its length, names and keys
/// that occur twice, that each stretch of bytes is as long as dtype and shape say, and that the
/// stretches follow one another without gap or overlap to the file's end. The tensors' values stay
/// on disk until they are read.
class SafetensorsFile {
 public:
  /// Throws Error naming the file, and the tensor where it is one's fault.
  explicit SafetensorsFile(const std::filesystem::path& path);

  /// In the order of their bytes.
  const std::vector<StoredTensor>& tensors() const { return tensors_; }
  const StoredTensor* find(std::string_view name) const;
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  const std::filesystem::path& path() const { return file_.path(); }

  /// A tensor's values, row-major, as float32: F32 as it is, BF16 and F16 exactly. Throws Error for
  /// another dtype, or when `out` has not its size.
  void read(const StoredTensor& tensor, std::span<float> out) const;

 private:
  InputFile file_;
  std::vector<StoredTensor> tensors_;
  std::map<std::string, std::string> metadata_;
};

/// IEEE 754 binary16 as float32: every value, subnormals, infinities and NaN included.
float from_fp16(std::uint16_t half);

}  // namespace mapnet
