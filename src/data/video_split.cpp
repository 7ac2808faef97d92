#include "data/video_split.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <random>
#include <set>
#include <span>
#include <utility>

#include "data/image.hpp"

namespace mapnet {

namespace fs = std::filesystem;

namespace {

bool has_image(const fs::path& folder) {
  std::error_code ignored;  // no folder, no image
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored))
    if (is_image_name(entry.path())) return true;
  return false;
}

/// Which of `videos` are connected: a number a video, the same for the whole of a group.
std::vector<std::size_t> groups_of(const std::vector<Video>& videos) {
  std::vector<std::size_t> parent(videos.size());
  std::iota(parent.begin(), parent.end(), std::size_t{0});
  const auto root = [&](std::size_t i) {
    while (parent[i] != i) i = parent[i] = parent[parent[i]];
    return i;
  };
  std::map<std::string, std::size_t> first_with;
  for (std::size_t i = 0; i < videos.size(); ++i)
    for (const std::string& identity : videos[i].identities)
      parent[root(i)] = root(first_with.try_emplace(identity, i).first->second);
  for (std::size_t i = 0; i < videos.size(); ++i) parent[i] = root(i);
  return parent;
}

}  // namespace

std::vector<Video> list_videos(
    const fs::path& folder, std::uint8_t label,
    const std::function<std::vector<std::string>(const std::string&)>& identities,
    Problems& problems) {
  std::vector<Video> videos;
  for (const fs::path& video : sorted_entries(folder, problems)) {
    if (!fs::is_directory(video)) continue;  // the video's file may lie beside its frames
    std::vector<std::string> who = identities(video.filename().string());
    if (who.empty())
      problems.add(fmt::format("{}: not the name of a video in this folder", video.string()));
    else if (!has_image(video))
      problems.add(fmt::format("{}: expected a folder of frames, found no image", video.string()));
    else
      videos.push_back({video, label, std::move(who)});
  }
  if (videos.empty())
    problems.add(fmt::format("{}: expected folders of frames, found none", folder.string()));
  return videos;
}

VideoSet split_by_list(std::vector<Video> videos,
                       const std::function<bool(const Video&)>& is_test) {
  VideoSet set;
  set.official = true;
  const auto rest = std::stable_partition(videos.begin(), videos.end(), is_test);
  set.test.assign(std::move_iterator(videos.begin()), std::move_iterator(rest));
  std::set<std::string> tested;
  for (const Video& video : set.test)
    tested.insert(video.identities.begin(), video.identities.end());
  for (Video& video : std::span(rest, videos.end())) {
    if (std::ranges::any_of(video.identities,
                            [&](const auto& who) { return tested.contains(who); }))
      ++set.dropped;
    else
      set.train.push_back(std::move(video));
  }
  return set;
}

VideoSet split_by_identity(std::vector<Video> videos, std::uint64_t seed) {
  const std::vector<std::size_t> groups = groups_of(videos);
  std::map<std::size_t, std::size_t> sizes;
  for (const std::size_t group : groups) ++sizes[group];
  std::vector<std::size_t> order;
  for (const auto& [group, size] : sizes) order.push_back(group);
  std::mt19937_64 random(seed);  // not std::shuffle, which each library draws in its own way
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random() % i]);
  std::size_t left = videos.size() / 5;
  std::set<std::size_t> tested;
  for (const std::size_t group : order) {
    if (sizes[group] > left) continue;
    left -= sizes[group];
    tested.insert(group);
  }
  VideoSet set;
  for (std::size_t i = 0; i < videos.size(); ++i)
    (tested.contains(groups[i]) ? set.test : set.train).push_back(std::move(videos[i]));
  return set;
}

}  // namespace mapnet
