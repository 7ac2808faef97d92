#include "harness/data_presence.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "data/manifest.hpp"
#include "data/noise.hpp"
#include "data/store.hpp"
#include "harness/process.hpp"

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
  DataFinding found = look_for_data(name, folder);
  if (found.state != DataState::there) return found;
  std::vector<std::string> words = {this_program(), "data", "check", name, "--counts-only"};
  if (!folder.empty()) words.insert(words.end(), {"--data-dir", folder});
  const ProgramOutput check = run_program(words);
  if (check.exit_code == 0) return found;
  found = {DataState::broken, first_complaint(check)};
  if (found.message.empty())
    found.message =
        fmt::format("`mapnet data check {}` ended with exit code {}", name, check.exit_code);
  return found;
}

}  // namespace mapnet
