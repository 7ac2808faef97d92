#include "data/problems.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "common/error.hpp"
#include "data/manifest.hpp"

namespace mapnet {

namespace fs = std::filesystem;

void Problems::add(std::string what) {
  constexpr std::size_t kept = 10;
  if (++count_ <= kept) first_.push_back(std::move(what));
}

void Problems::require_none(const DatasetManifest& manifest, const fs::path& folder) const {
  if (count_ == 0) return;
  const std::string more =
      count_ > first_.size() ? fmt::format("\n  and {} more", count_ - first_.size()) : "";
  fail("{}: expected {} here, found {} problem{}:\n  {}{}\n{}", folder.string(), manifest.name,
       count_, count_ == 1 ? "" : "s", fmt::join(first_, "\n  "), more, manifest.obtain);
}

void require_folder(const fs::path& folder) {
  std::error_code ignored;  // what nobody may look at is as good as not there
  if (fs::is_directory(folder, ignored)) return;
  if (fs::exists(folder, ignored))
    fail("--data-dir {}: expected a folder, found a file", folder.string());
  fail("--data-dir {}: no such folder", folder.string());
}

void require_files(const fs::path& folder, const std::vector<std::string>& names,
                   const std::string& place) {
  std::vector<std::string> missing;
  bool packed = false;
  for (const std::string& name : names) {
    if (fs::exists(folder / name)) continue;
    missing.push_back(name);
    packed = packed || fs::exists(folder / (name + ".gz"));
  }
  if (missing.empty()) return;
  fail("{}: expected {} files {}, found {} of them; missing: {}{}", folder.string(), names.size(),
       place, names.size() - missing.size(), fmt::join(missing, ", "),
       packed ? "; unpack those that end in .gz with gunzip" : "");
}

std::vector<fs::path> sorted_entries(const fs::path& folder, Problems& problems) {
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  if (error) {
    problems.add(fmt::format("{}: expected a folder: {}", folder.string(), error.message()));
    return {};
  }
  std::vector<fs::path> entries;
  for (const fs::directory_entry& e : entry)
    if (!e.path().filename().string().starts_with('.')) entries.push_back(e.path());
  std::ranges::sort(entries);
  return entries;
}

}  // namespace mapnet
