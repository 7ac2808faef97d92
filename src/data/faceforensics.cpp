#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "common/error.hpp"
#include "common/file.hpp"
#include "data/manifest.hpp"
#include "data/video_split.hpp"

namespace mapnet {

namespace fs = std::filesystem;

namespace {

bool is_number(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

/// NNN is the original video of person NNN.
std::vector<std::string> original(const std::string& video) {
  return is_number(video) ? std::vector{video} : std::vector<std::string>{};
}

/// NNN_MMM is video NNN with the face or the expressions of MMM.
std::vector<std::string> manipulated(const std::string& video) {
  const std::size_t middle = video.find('_');
  if (middle == std::string::npos) return {};
  const std::string target = video.substr(0, middle), source = video.substr(middle + 1);
  if (!is_number(target) || !is_number(source)) return {};
  return {target, source};
}

/// test.json: pairs of ids that were manipulated with one another. The authors' train.json and
/// val.json hold all the others.
std::set<std::string> tested_ids(const fs::path& file) {
  try {
    std::set<std::string> ids;
    for (const auto& pair : nlohmann::json::parse(read_file(file)))
      for (const auto& id : pair) ids.insert(id.get<std::string>());
    return ids;
  } catch (const nlohmann::json::exception& e) {
    fail("{}: expected a list of pairs of ids, as [[\"953\", \"974\"], ...]: {}", file.string(),
         e.what());
  }
}

}  // namespace

VideoSet open_faceforensics(const DatasetManifest& manifest, const fs::path& folder,
                            std::uint64_t seed) {
  Problems problems;
  std::vector<Video> videos =
      list_videos(folder / "original_sequences/youtube/c23/frames", 0, original, problems);
  for (const char* method : {"Deepfakes", "Face2Face", "FaceSwap", "NeuralTextures"})
    std::ranges::move(list_videos(folder / "manipulated_sequences" / method / "c23/frames", 1,
                                  manipulated, problems),
                      std::back_inserter(videos));
  problems.require_none(manifest, folder);
  const fs::path list = folder / "test.json";
  if (!fs::exists(list)) return split_by_identity(std::move(videos), seed);
  const std::set<std::string> tested = tested_ids(list);
  return split_by_list(std::move(videos), [&](const Video& video) {
    return std::ranges::all_of(video.identities,
                               [&](const std::string& id) { return tested.contains(id); });
  });
}

}  // namespace mapnet
