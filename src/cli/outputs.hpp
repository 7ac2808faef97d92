#pragma once

#include <filesystem>
#include <span>

namespace mapnet {

/// Throws UsageError where the file that `flag` names for writing is one of those it is made from,
/// under whatever name. Sources that are empty or not there are passed over.
void refuse_replacing(const char* flag, const std::filesystem::path& out,
                      std::span<const std::filesystem::path> sources);

}  // namespace mapnet
