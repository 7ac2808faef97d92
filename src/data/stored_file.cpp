#include "data/stored_file.hpp"

#include "common/error.hpp"
#include "data/manifest.hpp"
#include "data/store.hpp"

namespace mapnet {

std::filesystem::path stored_file(const DatasetManifest& manifest, const ManifestFile& file) {
  const auto object = find_object(file.sha256);
  if (!object) {
    fail("{}/{}: in no object store (SHA-256 {}). {}", manifest.name, file.name, file.sha256,
         how_to_get(manifest));
  }
  verify_object(*object, file.sha256);
  return *object;
}

}  // namespace mapnet
