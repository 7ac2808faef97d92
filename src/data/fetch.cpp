#include "data/fetch.hpp"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "common/error.hpp"
#include "data/dataset.hpp"
#include "data/manifest.hpp"
#include "data/store.hpp"

namespace mapnet {

namespace fs = std::filesystem;

namespace {

constexpr const char* kScript = "cmake/FetchDataset.cmake";

/// The folder that holds cmake/ and data_manifests/: MAPNET_SHARE, else the first of those that a
/// program may have brought along that is there: beside an installed program, the source tree,
/// where the library was to be installed.
fs::path share_folder() {
  if (const char* set = std::getenv("MAPNET_SHARE"); set && *set) return set;
  std::error_code unreadable;  // no /proc, no program to look beside
  const fs::path program = fs::read_symlink("/proc/self/exe", unreadable);
  for (const fs::path& folder :
       {program.parent_path().parent_path() / "share/mapnet", fs::path(MAPNET_SOURCE_FOLDER)})
    if (fs::exists(folder / kScript)) return folder;
  return MAPNET_INSTALLED_SHARE;
}

/// Runs a program found in PATH, without a shell, and returns its exit status.
int run_program(std::vector<std::string> arguments) {
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  std::fflush(nullptr);  // what we printed comes before what it prints
  pid_t child = 0;
  if (const int error = posix_spawnp(&child, argv[0], nullptr, nullptr, argv.data(), environ)) {
    fail("{}: cannot be started: {}", arguments[0], std::strerror(error));
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) fail("{}: cannot be waited for: {}", arguments[0], std::strerror(errno));
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// Throws Error for a data set that has no source, unless the stores have all of it: then there is
/// only to be seen whether it is intact.
void require_source(const DatasetManifest& manifest) {
  if (manifest.fetchable) return;
  const bool stored = std::ranges::all_of(manifest.files, [](const ManifestFile& file) {
    return find_object(file.sha256).has_value();
  });
  if (stored && !manifest.files.empty()) return;
  fail("{}: cannot be fetched. {}", manifest.name, how_to_get(manifest));
}

}  // namespace

void fetch_dataset(std::string_view name) {
  const DatasetManifest& manifest = dataset_manifest(name);
  require_source(manifest);
  const fs::path script = share_folder() / kScript;
  if (!fs::exists(script)) {
    fail(
        "{}: not found; set MAPNET_SHARE to the folder that holds mapnet's cmake/ and "
        "data_manifests/",
        script.string());
  }
  std::vector<std::string> stores;
  for (const fs::path& store : object_stores()) stores.push_back(store.string());
  const int status =
      run_program({"cmake", "-DDATASET=" + manifest.name, "-DCACHE=" + object_cache().string(),
                   fmt::format("-DSTORES={}", fmt::join(stores, ";")), "-P", script.string()});
  if (status != 0) {
    fail("{}: could not be fetched, see above (cmake ended with {})", manifest.name, status);
  }
  open_dataset(name);  // what was fetched is what will be opened
}

}  // namespace mapnet
