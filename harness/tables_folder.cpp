#include "harness/tables_folder.hpp"

#include "harness/process.hpp"

namespace mapnet {

std::filesystem::path tables_folder() {
  const std::filesystem::path program = std::filesystem::read_symlink(kThisProgram);
  const auto installed = program.parent_path().parent_path() / "share" / "mapnet" / "tables";
  return std::filesystem::exists(installed) ? installed : std::filesystem::path(MAPNET_TABLES);
}

}  // namespace mapnet
