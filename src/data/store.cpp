#include "data/store.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>
#include <utility>

#include "common/error.hpp"
#include "data/sha256.hpp"

namespace mapnet {

namespace fs = std::filesystem;

namespace {

/// None where the environment has no folder for it.
std::optional<fs::path> cache_in_environment() {
  const char* xdg = std::getenv("XDG_CACHE_HOME");
  if (xdg && *xdg) return fs::path(xdg) / "mapnet/objects";
  const char* home = std::getenv("HOME");
  if (home && *home) return fs::path(home) / ".cache/mapnet/objects";
  return std::nullopt;
}

}  // namespace

fs::path object_cache() {
  if (auto cache = cache_in_environment()) return *std::move(cache);
  fail("set HOME or XDG_CACHE_HOME: fetched data goes into a cache below it");
}

std::vector<fs::path> object_stores() {
  const char* set = std::getenv("MAPNET_OBJECT_STORES");
  std::string_view rest = set ? set : MAPNET_CONFIGURED_STORES;
  std::vector<fs::path> stores;
  while (!rest.empty()) {
    const std::string_view store = rest.substr(0, rest.find(':'));
    if (!store.empty()) stores.push_back(fs::absolute(store));
    rest.remove_prefix(std::min(rest.size(), store.size() + 1));
  }
  return stores;
}

std::optional<fs::path> find_object(std::string_view sha256, std::span<const fs::path> stores) {
  for (const fs::path& store : stores) {
    fs::path object = store / "SHA256" / sha256;
    std::error_code ignored;  // a store we may not look into does not have it
    if (fs::exists(object, ignored)) return object;
  }
  return std::nullopt;
}

std::optional<fs::path> find_object(std::string_view sha256) {
  if (auto object = find_object(sha256, object_stores())) return object;
  const std::optional<fs::path> cache = cache_in_environment();
  return cache ? find_object(sha256, std::array{*cache}) : std::nullopt;
}

void verify_object(const fs::path& object, std::string_view sha256) {
  const std::string found = sha256_hex(object);
  if (found == sha256) return;
  fail(
      "{}: the stored object is damaged: expected SHA-256 {}, found {}; delete that file and "
      "fetch again, or take its folder out of MAPNET_OBJECT_STORES",
      object.string(), sha256, found);
}

}  // namespace mapnet
