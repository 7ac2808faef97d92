#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "cli/run_options.hpp"
#include "data/dataset.hpp"
#include "train/features/feature_dataset.hpp"

/// The data set of a run, whatever lies on disk: of videos their features, which are extracted when
/// they are first asked for.
namespace mapnet {

/// Throws UsageError for --features-cache where the data holds no videos.
void refuse_features_cache(const std::string& data, const std::filesystem::path& cache);

/// As describe_dataset, or describe_video_features. Throws UsageError as describe_dataset does.
Dataset describe_run_data(const RunConfig& config);

/// As open_dataset, or open_video_features: its progress goes to standard error, and what was done.
/// Throws UsageError for what is of the other kind of data.
Dataset open_run_data(const std::string& name, const DatasetOptions& options,
                      const FeatureSource& features, FeatureExtractionOptions extraction);

/// The same for a resolved run, on its device. Under a memory budget features are to be there
/// already.
Dataset open_run_data(const RunOptions& options, const Recipe& recipe);

/// "12 videos, 5 in the cache, 7 made from 224 frames in 10.1 s (decoding 2.3 s, waited for 0.1 s)"
std::string describe(const Extraction& extraction);

}  // namespace mapnet
