#include "train/features/feature_cache.hpp"

#include <fmt/format.h>

#include "common/error.hpp"
#include "data/each.hpp"
#include "data/sha256.hpp"
#include "data/store.hpp"

namespace mapnet {

namespace fs = std::filesystem;

namespace {

/// Of how a vector is made; another number where that changes.
constexpr int kVersion = 1;

std::string line_of(const fs::path& frame, const fs::path& root) {
  std::error_code ec;
  const auto size = fs::file_size(frame, ec);
  if (ec) fail("{}: cannot look at the frame: {}", frame.string(), ec.message());
  const auto time = fs::last_write_time(frame, ec);
  if (ec) fail("{}: cannot look at the frame: {}", frame.string(), ec.message());
  return fmt::format("{}\t{}\t{}\n", frame.lexically_relative(root).generic_string(), size,
                     time.time_since_epoch().count());
}

std::string key_of(const CachedVideo& video, const fs::path& root, const FeatureSource& source) {
  std::string text = fmt::format("mapnet video features {}\n{} {} 224x224 imagenet, {} frames\n",
                                 kVersion, source.net, source.weights.sha256, source.frames);
  for (const fs::path& frame : video.frames) text += line_of(frame, root);
  return sha256_of_text(text);
}

}  // namespace

fs::path default_feature_cache() { return object_cache().parent_path() / "features"; }

std::vector<fs::path> choose_frames(std::vector<fs::path> frames, int n) {
  const auto chosen = static_cast<std::size_t>(n);
  if (chosen == 0 || frames.size() <= chosen) return frames;
  std::vector<fs::path> some;
  for (std::size_t i = 0; i < chosen; ++i) some.push_back(frames[i * frames.size() / chosen]);
  return some;
}

std::vector<CachedVideo> find_features(std::span<const Video> videos, const fs::path& root,
                                       const FeatureSource& source, const fs::path& cache) {
  std::vector<CachedVideo> found(videos.size());
  each_of(videos.size(), decoding_threads(), [&](std::size_t i) {
    CachedVideo& video = found[i];
    video.frames = choose_frames(list_frames(videos[i]), source.frames);
    const std::string key = key_of(video, root, source);
    video.stored = {cache / key.substr(0, 2) / (key + ".safetensors"), key, videos[i].label};
  });
  return found;
}

}  // namespace mapnet
