#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace mapnet {

/// Object stores: folders that hold a file with SHA-256 H as `SHA256/H`.

/// The writable store: $XDG_CACHE_HOME/mapnet/objects, else $HOME/.cache/mapnet/objects. Throws
/// Error when neither variable is set.
std::filesystem::path object_cache();

/// The stores that are only read: those in the environment's MAPNET_OBJECT_STORES, ':' between
/// them; where it is not set at all, those the build was configured with.
std::vector<std::filesystem::path> object_stores();

/// The first of object_stores(), then object_cache() where there is one, that has the object. Only
/// looks: whether the contents are what the name says is verify_object's business.
std::optional<std::filesystem::path> find_object(std::string_view sha256);

/// The same among given stores, in their order.
std::optional<std::filesystem::path> find_object(std::string_view sha256,
                                                 std::span<const std::filesystem::path> stores);

/// Throws Error naming the file, the expected and the found hash unless the object is intact.
void verify_object(const std::filesystem::path& object, std::string_view sha256);

}  // namespace mapnet
