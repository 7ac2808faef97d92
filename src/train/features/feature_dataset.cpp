#include "train/features/feature_dataset.hpp"

#include <algorithm>

#include "common/error.hpp"
#include "data/manifest.hpp"
#include "train/features/video_vector.hpp"

namespace mapnet {

namespace {

DatasetSplit split_of(std::span<const CachedVideo> videos, std::size_t values) {
  FeatureSplit split;
  split.values = values;
  for (const CachedVideo& video : videos) split.samples.push_back(video.stored);
  return {videos.size(), std::move(split)};
}

/// The network that makes features has an arena of its own, beside the run's budget.
void require_cached(const DatasetManifest& m, const std::filesystem::path& folder,
                    const FeatureSource& source, std::span<const CachedVideo> videos) {
  const auto missing = std::ranges::count_if(
      videos, [](const CachedVideo& video) { return !std::filesystem::exists(video.stored.file); });
  if (missing == 0) return;
  fail(
      "{}: the features of {} of {} videos are not in the cache, and making them takes memory that "
      "--memory-budget does not count; make them first: mapnet data features {} --data-dir {} "
      "--weights {} --net {} --frames {} (with --out where --features-cache names a folder)",
      m.name, missing, videos.size(), m.name, folder.string(), source.weights.file, source.net,
      source.frames);
}

}  // namespace

Dataset describe_video_features(std::string_view name, const FeatureSource& source) {
  const DatasetManifest& m = dataset_manifest(name);
  const std::size_t values = video_values_of(source.net);
  Dataset d;
  d.name = m.name;
  d.task = Task::classify;
  d.floats = true;
  d.channels = 1;
  d.height = kVideoRows;
  d.width = static_cast<int>(values) / kVideoRows;
  d.classes = static_cast<int>(m.class_names.size());
  d.class_names = m.class_names;
  d.train.count = m.train_count, d.test.count = m.test_count;
  return d;
}

Dataset open_video_features(std::string_view name, const std::filesystem::path& folder,
                            const FeatureSource& source, const FeatureExtractionOptions& options,
                            Extraction* extraction) {
  const DatasetManifest& m = dataset_manifest(name);
  if (folder.empty()) fail("{}", folder_wanted(m));
  if (!source.given())
    fail<UsageError>(
        "{}: holds videos, of which features are extracted; --features-weights FILE gives the "
        "weights of {}",
        m.name, source.net);
  Dataset d = describe_video_features(name, source);
  const VideoSet set = open_videos(name, folder);
  std::vector<Video> all = set.train;
  all.insert(all.end(), set.test.begin(), set.test.end());
  const std::vector<CachedVideo> videos = find_features(
      all, folder, source, options.cache.empty() ? default_feature_cache() : options.cache);
  if (options.cached_alone) require_cached(m, folder, source, videos);
  const auto make_network = [&] {
    return std::make_unique<FeatureNetwork>(feature_classifier(source.net), source.weights,
                                            options.batch, options.device(), "--features-weights");
  };
  const std::size_t values = video_values_of(source.net);
  const Extraction done = extract_features(videos, values, make_network, options.progress);
  if (extraction) *extraction = done;
  d.train = split_of(std::span(videos).first(set.train.size()), values);
  d.test = split_of(std::span(videos).subspan(set.train.size()), values);
  return d;
}

}  // namespace mapnet
