#include "cli/run_data.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include "common/say.hpp"
#include "data/manifest.hpp"
#include "train/recipe/check.hpp"

namespace mapnet {

namespace {

/// A line that rewrites itself on a terminal, one for every hundred videos elsewhere.
void show(const Extraction& e) {
  const bool live = ::isatty(STDERR_FILENO) == 1, last = e.cached + e.made == e.videos;
  if (!live && !last && e.made % 100 != 0) return;
  const double rate = static_cast<double>(e.frames) / e.seconds;
  say("{}features of video {:>5}/{}  {:.1f} frames/s{}", live ? "\r" : "", e.cached + e.made,
      e.videos, rate, live && !last ? "" : "\n");
}

}  // namespace

void refuse_features_cache(const std::string& data, const std::filesystem::path& cache) {
  refuse(!cache.empty() && !holds_videos(data), "--features-cache", "is for data sets of videos");
}

Dataset describe_run_data(const RunConfig& c) {
  if (!holds_videos(c.data)) return describe_dataset(c.data, c.data_options);
  refuse_series_options(c.data, c.data_options);
  FeatureSource source;
  source.net = c.features.net.value_or(source.net);
  return describe_video_features(c.data, source);
}

Dataset open_run_data(const std::string& name, const DatasetOptions& options,
                      const FeatureSource& features, FeatureExtractionOptions extraction) {
  refuse_features_cache(name, extraction.cache);
  if (!holds_videos(name)) return open_dataset(name, options);
  refuse_series_options(name, options);
  extraction.progress = show;
  Extraction done;
  Dataset dataset = open_video_features(name, options.folder, features, extraction, &done);
  say("{}: {}\n", name, describe(done));
  return dataset;
}

Dataset open_run_data(const RunOptions& options, const Recipe& recipe) {
  FeatureExtractionOptions extraction;
  extraction.cache = options.features_cache;
  extraction.cached_alone = options.config.footprint.memory_budget.has_value();
  extraction.device = [&] { return open_device(recipe); };
  return open_run_data(recipe.data, recipe.data_options, recipe.features, extraction);
}

std::string describe(const Extraction& e) {
  std::string text = fmt::format("{} videos, {} in the cache", e.videos, e.cached);
  if (e.made > 0)
    text +=
        fmt::format(", {} made from {} frames in {:.1f} s (decoding {:.1f} s, waited for {:.1f} s)",
                    e.made, e.frames, e.seconds, e.decode_seconds, e.waited_seconds);
  return text;
}

}  // namespace mapnet
