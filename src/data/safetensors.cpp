#include "data/safetensors.hpp"

#include <nlohmann/json.hpp>

#include "common/error.hpp"
#include "common/file.hpp"

namespace mapnet {

void write_safetensors(const std::filesystem::path& path, const std::vector<NamedTensor>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json header;
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::size_t offset = 0;
  for (const NamedTensor& t : tensors) {
    std::size_t size = 1;
    for (int extent : t.shape) size *= static_cast<std::size_t>(extent);
    if (size != t.values.size())
      fail("{}: tensor {} has {} values, its shape {}", path.string(), t.name, t.values.size(),
           size);
    header[t.name] = {{"dtype", "F32"},
                      {"shape", t.shape},
                      {"data_offsets", {offset, offset + t.values.size_bytes()}}};
    offset += t.values.size_bytes();
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  std::string bytes;
  bytes.reserve(8 + text.size() + offset);
  for (int shift = 0; shift < 64; shift += 8) bytes += static_cast<char>(text.size() >> shift);
  bytes += text;
  for (const NamedTensor& t : tensors)
    bytes.append(reinterpret_cast<const char*>(t.values.data()), t.values.size_bytes());
  write_file_atomic(path, bytes);
}

}  // namespace mapnet
