#pragma once

#include <filesystem>

namespace mapnet {

struct DatasetManifest;
struct ManifestFile;

/// A dataset's file in the object stores, its hash verified. Throws Error when it is in none,
/// saying how to get it, or when it is damaged.
std::filesystem::path stored_file(const DatasetManifest& manifest, const ManifestFile& file);

}  // namespace mapnet
