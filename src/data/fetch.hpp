#pragma once

#include <string_view>

namespace mapnet {

/// Sees that every file of a dataset lies intact in an object store, fetching into object_cache()
/// what is in none. Runs cmake/FetchDataset.cmake, the build's own fetch, whose progress and errors
/// go to standard output and error. Quick when nothing is missing. Throws UsageError for an unknown
/// name, Error when no source has a file, there is no source, or a stored file is damaged.
void fetch_dataset(std::string_view name);

}  // namespace mapnet
