#include "harness/data_presence.hpp"

#include <algorithm>

#include "data/manifest.hpp"
#include "data/noise.hpp"
#include "data/store.hpp"
#include "harness/complaint.hpp"

namespace mapnet {

void require_data_set(const std::string& name) {
  if (!parse_noise(name)) dataset_manifest(name);
}

DataFinding look_for_data(const std::string& name, const std::string& folder) {
  if (parse_noise(name) || !folder.empty()) return {};
  const DatasetManifest& manifest = dataset_manifest(name);
  const bool any = std::ranges::any_of(manifest.files, [](const ManifestFile& file) {
    return find_object(file.sha256).has_value();
  });
  if (any) return {};
  return {DataState::absent, folder_wanted(manifest)};
}

DataFinding check_data(const std::string& name, const std::string& folder) {
  const DataFinding found = look_for_data(name, folder);
  if (found.state != DataState::there) return found;
  std::vector<std::string> words = {kThisProgram, "data", "check", name, "--counts-only"};
  if (!folder.empty()) words.insert(words.end(), {"--data-dir", folder});
  const ProgramOutput check = run_program(words);
  if (check.exit_code == 0) return found;
  return {DataState::broken, complaint_of(check, "mapnet data check " + name)};
}

}  // namespace mapnet
