#pragma once

#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "data/problems.hpp"
#include "data/videos.hpp"

namespace mapnet {

/// The videos in a folder, a folder each, all of one label. Those without an image are problems.
/// `identities` says who is in a video of that name, and nobody when the name is not as expected.
std::vector<Video> list_videos(
    const std::filesystem::path& folder, std::uint8_t label,
    const std::function<std::vector<std::string>(const std::string&)>& identities,
    Problems& problems);

/// Videos that `is_test` picks are tested; the others are trained on, but for those that share an
/// identity with a tested one.
VideoSet split_by_list(std::vector<Video> videos, const std::function<bool(const Video&)>& is_test);

/// Groups of videos that are connected through identities, drawn in an order that the seed decides
/// until a fifth of the videos is tested; groups that are too large for what is left are passed
/// over.
VideoSet split_by_identity(std::vector<Video> videos, std::uint64_t seed);

/// The layouts.
VideoSet open_celeb_df(const DatasetManifest& manifest, const std::filesystem::path& folder,
                       std::uint64_t seed);
VideoSet open_faceforensics(const DatasetManifest& manifest, const std::filesystem::path& folder,
                            std::uint64_t seed);

}  // namespace mapnet
