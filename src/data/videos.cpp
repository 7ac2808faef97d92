#include "data/videos.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "common/error.hpp"
#include "data/image.hpp"
#include "data/manifest.hpp"
#include "data/problems.hpp"
#include "data/video_split.hpp"

namespace mapnet {

namespace fs = std::filesystem;

namespace {

std::size_t fakes(const std::vector<Video>& videos) {
  return static_cast<std::size_t>(std::ranges::count(videos, 1, &Video::label));
}

std::string counts(const std::vector<Video>& videos) {
  return fmt::format("{} real, {} fake", videos.size() - fakes(videos), fakes(videos));
}

VideoSet open_layout(const DatasetManifest& manifest, const fs::path& folder, std::uint64_t seed) {
  switch (manifest.format) {
    case DataFormat::celeb_df:
      return open_celeb_df(manifest, folder, seed);
    case DataFormat::faceforensics:
      return open_faceforensics(manifest, folder, seed);
    default:
      fail<UsageError>("{}: expected a data set of videos", manifest.name);
  }
}

}  // namespace

VideoSet open_videos(std::string_view name, const fs::path& folder, std::uint64_t seed) {
  const DatasetManifest& manifest = dataset_manifest(name);
  VideoSet set = open_layout(manifest, folder, seed);
  for (const auto* side : {&set.train, &set.test}) {
    const std::size_t fake = fakes(*side);
    if (fake == 0 || fake == side->size()) {
      fail(
          "{}: expected real and fake videos both to train on and to test, without an identity on "
          "both sides; found {}",
          folder.string(), describe(set));
    }
  }
  return set;
}

std::vector<fs::path> list_frames(const Video& video) {
  Problems problems;
  std::vector<fs::path> frames = sorted_entries(video.folder, problems);
  std::erase_if(frames, [](const fs::path& file) { return !is_image_name(file); });
  if (frames.empty()) fail("{}: expected frames, found no image", video.folder.string());
  // Numbers without leading zeros: the shorter is the smaller.
  std::ranges::stable_sort(frames, {}, [](const fs::path& f) { return f.stem().string().size(); });
  return frames;
}

std::string describe(const VideoSet& set) {
  std::string text = fmt::format("{} videos to train on ({}), {} to test ({}), split by {}",
                                 set.train.size(), counts(set.train), set.test.size(),
                                 counts(set.test), set.official ? "the official list" : "identity");
  if (set.dropped > 0)
    text += fmt::format("; {} left out, since an identity of theirs is tested", set.dropped);
  return text;
}

}  // namespace mapnet
