#include <zlib.h>

#include "fuzz/memory_file.hpp"
#include "fuzz/target.hpp"
#include "train/model.hpp"

/// Latent files. Bytes that begin with a brace are a description and, behind a zero byte, the
/// values: magic, version and length are put before them. The checksum is made right in any case,
/// and bytes that are a whole file are also read as they are.
using namespace mapnet;

namespace {

std::string file_of(std::string_view bytes) {
  if (!bytes.starts_with('{')) return std::string(bytes.substr(0, bytes.size() - 4));
  const auto [description, values] = fuzz::split_at_zero(bytes);
  std::string file = "MAPNETLV";
  fuzz::append_number(file, 1, 4);
  fuzz::append_number(file, description.size(), 4);
  return file.append(description).append(values);
}

void append_checksum(std::string& file) {
  fuzz::append_number(
      file, crc32_z(0, reinterpret_cast<const unsigned char*>(file.data()), file.size()), 4);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fuzz::MemoryFile memory;
  if (size < 4) return 0;
  const std::string_view bytes = fuzz::text_of(data, size);
  if (!bytes.starts_with('{')) fuzz::accepts([&] { open_model(memory.hold(bytes)); });
  std::string file = file_of(bytes);
  append_checksum(file);
  fuzz::accepts([&] { open_model(memory.hold(file)); });
  return 0;
}
