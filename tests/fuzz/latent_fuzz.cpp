#include "fuzz/framed_input.hpp"
#include "fuzz/memory_file.hpp"
#include "train/model.hpp"

/// Latent files, and the networks that they say they are of.
using namespace mapnet;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fuzz::MemoryFile file;
  fuzz::read_framed(
      "MAPNETLV", fuzz::text_of(data, size),
      [](std::string_view bytes) { return file.hold(bytes); },
      [](const std::filesystem::path& path) { open_model(path); });
  return 0;
}
