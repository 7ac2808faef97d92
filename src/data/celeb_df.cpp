#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>

#include "common/error.hpp"
#include "common/file.hpp"
#include "data/manifest.hpp"
#include "data/video_split.hpp"

namespace mapnet {

namespace fs = std::filesystem;

namespace {

/// The folders of videos, and what is in them.
constexpr std::array<std::pair<const char*, std::uint8_t>, 3> kFolders = {
    {{"Celeb-real", 0}, {"YouTube-real", 0}, {"Celeb-synthesis", 1}}};

/// id0_0000 holds id0, id0_id1_0000 holds id0 with id1's face. Each of YouTube's videos counts as a
/// person of its own.
std::vector<std::string> identities(const std::string& folder, const std::string& video) {
  if (folder == "YouTube-real") return {folder + "/" + video};
  std::vector<std::string> parts;
  std::istringstream in(video);
  for (std::string part; std::getline(in, part, '_');) parts.push_back(part);
  const std::size_t people = folder == "Celeb-real" ? 1 : 2;
  if (parts.size() != people + 1) return {};
  parts.pop_back();  // the number
  const auto is_id = [](std::string_view part) {
    return part.size() > 2 && part.starts_with("id");
  };
  if (!std::ranges::all_of(parts, is_id)) return {};
  return parts;
}

/// "Celeb-real/id0_0000", the video's name in the list.
std::string name_of(const fs::path& video) {
  return (video.parent_path().filename() / video.filename()).string();
}

/// The tested videos' names: lines of `1 YouTube-real/00170.mp4`, where 1 is real and 0 is fake.
std::set<std::string> read_list(const fs::path& file, const std::vector<Video>& videos,
                                Problems& problems) {
  std::map<std::string, std::uint8_t> labels;
  for (const Video& video : videos) labels[name_of(video.folder)] = video.label;
  std::set<std::string> tested;
  std::istringstream in(read_file(file));
  std::size_t number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.ends_with('\r')) line.pop_back();
    if (line.empty()) continue;
    if ((!line.starts_with("0 ") && !line.starts_with("1 ")) || !line.ends_with(".mp4")) {
      fail("{}:{}: expected a line as '1 YouTube-real/00170.mp4', found '{}'", file.string(),
           number, line);
    }
    const std::string name = line.substr(2, line.size() - 2 - 4);
    const auto found = labels.find(name);
    if (found == labels.end()) {
      problems.add(fmt::format("{}: missing, listed in line {} of {}", name, number,
                               file.filename().string()));
      continue;
    }
    if ((line[0] == '0') != (found->second == 1)) {
      fail("{}:{}: expected {} for a video in {}, found {}", file.string(), number,
           found->second == 1 ? '0' : '1', name.substr(0, name.find('/')), line[0]);
    }
    tested.insert(name);
  }
  return tested;
}

}  // namespace

VideoSet open_celeb_df(const DatasetManifest& manifest, const fs::path& folder,
                       std::uint64_t seed) {
  Problems problems;
  std::vector<Video> videos;
  for (const auto& [name, label] : kFolders) {
    const std::string in = name;
    std::ranges::move(
        list_videos(
            folder / in, label, [&](const std::string& video) { return identities(in, video); },
            problems),
        std::back_inserter(videos));
  }
  const fs::path list = folder / "List_of_testing_videos.txt";
  const bool official = fs::exists(list);
  std::set<std::string> tested;
  if (official) tested = read_list(list, videos, problems);
  problems.require_none(manifest, folder);
  if (!official) return split_by_identity(std::move(videos), seed);
  return split_by_list(std::move(videos),
                       [&](const Video& video) { return tested.contains(name_of(video.folder)); });
}

}  // namespace mapnet
