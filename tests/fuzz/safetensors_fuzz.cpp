#include "data/safetensors_reader.hpp"
#include "fuzz/memory_file.hpp"
#include "fuzz/target.hpp"

/// safetensors. Bytes that begin with a brace are a header and, behind a zero byte, the tensors'
/// bytes: the header's length is put before them, which a mutation would seldom get right. Others
/// are a file as it is.
using namespace mapnet;

namespace {

std::string file_of(std::string_view bytes) {
  if (!bytes.starts_with('{')) return std::string(bytes);
  const auto [header, tensors] = fuzz::split_at_zero(bytes);
  std::string file;
  fuzz::append_number(file, header.size(), 8);
  return file.append(header).append(tensors);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fuzz::MemoryFile memory;
  const auto& path = memory.hold(file_of(fuzz::text_of(data, size)));
  fuzz::accepts([&] {
    const SafetensorsFile file(path);
    for (const StoredTensor& tensor : file.tensors()) {
      fuzz::accepts([&] {
        std::vector<float> values(tensor.size);
        file.read(tensor, values);
      });
    }
  });
  return 0;
}
