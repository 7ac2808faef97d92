#include "data/stored_file.hpp"

#include "common/error.hpp"
#include "data/manifest.hpp"
#include "data/store.hpp"

namespace mapnet {

std::filesystem::path stored_file(const DatasetManifest& manifest, const ManifestFile& file) {
  const auto object = find_object(file.sha256);
  if (!object) {
    fail("{}/{}: in no object store (SHA-256 {}); run `mapnet data fetch {}`{}{}", manifest.name,
         file.name, file.sha256, manifest.name,
         manifest.obtain.empty() ? "" : ", or: ", manifest.obtain);
  }
  verify_object(*object, file.sha256);
  return *object;
}

}  // namespace mapnet
