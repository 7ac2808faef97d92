#include "fuzz/framed_input.hpp"
#include "fuzz/memory_file.hpp"
#include "train/checkpoint.hpp"
#include "train/recipe.hpp"
#include "train/resume.hpp"

/// Checkpoints, and the comparison of their recipe with the one that is to go on.
using namespace mapnet;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fuzz::MemoryFile file;
  fuzz::read_framed(
      "MAPNETCK", fuzz::text_of(data, size),
      [](std::string_view bytes) { return file.hold(bytes); },
      [](const std::filesystem::path& path) {
        const Checkpoint checkpoint = read_checkpoint(path);
        position_text(checkpoint);
        check_same_recipe(checkpoint.recipe, to_json(Recipe()), {path});
      });
  return 0;
}
