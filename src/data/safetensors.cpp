#include "data/safetensors.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/bytes.hpp"
#include "common/error.hpp"
#include "common/replacing_file.hpp"
#include "data/bf16.hpp"

namespace mapnet {

namespace {

void write_bf16(ReplacingFile& file, std::span<const float> values) {
  constexpr std::size_t kAtOnce = 1 << 16;
  std::string bytes;
  for (std::size_t first = 0; first < values.size(); first += kAtOnce) {
    bytes.clear();
    for (const float value : values.subspan(first, std::min(kAtOnce, values.size() - first))) {
      const std::uint16_t rounded = to_bf16(value);
      bytes += static_cast<char>(rounded);
      bytes += static_cast<char>(rounded >> 8);
    }
    file.write(bytes);
  }
}

}  // namespace

void write_safetensors(const std::filesystem::path& path, const std::vector<NamedTensor>& tensors,
                       const std::map<std::string, std::string>& metadata, FloatType type) {
  const bool bf16 = type == FloatType::bf16;
  const std::size_t value_bytes = bf16 ? 2 : 4;
  nlohmann::ordered_json header;
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::size_t offset = 0;
  for (const NamedTensor& t : tensors) {
    std::size_t size = 1;
    for (int extent : t.shape) size *= static_cast<std::size_t>(extent);
    if (size != t.values.size())
      fail("{}: tensor {} has {} values, its shape {}", path.string(), t.name, t.values.size(),
           size);
    header[t.name] = {{"dtype", bf16 ? "BF16" : "F32"},
                      {"shape", t.shape},
                      {"data_offsets", {offset, offset + size * value_bytes}}};
    offset += size * value_bytes;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  std::string length;
  for (int shift = 0; shift < 64; shift += 8) length += static_cast<char>(text.size() >> shift);
  ReplacingFile file(path);
  file.write(length + text);
  for (const NamedTensor& t : tensors)
    if (bf16)
      write_bf16(file, t.values);
    else
      file.write(bytes_of(t.values));  // from where they lie: a network may fill the memory
  file.put_in_place();
}

}  // namespace mapnet
