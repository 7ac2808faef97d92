#include "train/features/extract.hpp"

#include <algorithm>
#include <numeric>

#include "common/error.hpp"
#include "common/stopwatch.hpp"
#include "data/prefetch.hpp"
#include "data/resize.hpp"
#include "train/features/video_vector.hpp"

namespace mapnet {

namespace {

namespace fs = std::filesystem;

/// The vectors of some videos, one after another.
class Extractor {
 public:
  Extractor(std::vector<const CachedVideo*> videos, FeatureNetwork& network)
      : videos_(std::move(videos)),
        network_(network),
        pictures_(batch() * network.picture_bytes()),
        features_(batch() * network.features()),
        values_(video_values(network.features())),
        slots_(2 * batch() * network.picture_bytes()),
        prefetcher_(slots_, 2 * batch(), [this](std::uint32_t job, std::span<std::uint8_t> slot) {
          decode(job, slot);
        }) {
    for (const CachedVideo* video : videos_)
      frames_.insert(frames_.end(), video->frames.begin(), video->frames.end());
    jobs_.resize(frames_.size());
    std::iota(jobs_.begin(), jobs_.end(), 0u);
    prefetcher_.begin(jobs_);
  }

  /// Makes the next video's vector and writes it. No batch holds frames of two videos: what is
  /// interrupted loses the video at hand and no other.
  void make_next() {
    const CachedVideo& video = *videos_[next_++];
    VideoVector vector(network_.features());
    while (vector.frames() < video.frames.size()) {
      const std::size_t n = std::min(batch(), video.frames.size() - vector.frames());
      for (std::size_t i = 0; i < n; ++i)
        std::ranges::copy(prefetcher_.next(), pictures_.begin() + at(i * network_.picture_bytes()));
      network_.run(std::span(pictures_).first(n * network_.picture_bytes()),
                   std::span(features_).first(n * network_.features()));
      for (std::size_t i = 0; i < n; ++i)
        vector.add(std::span(features_).subspan(i * network_.features(), network_.features()));
    }
    vector.finish(values_);
    write_features(video.stored.file, video.stored.key, values_);
  }

  double waited_seconds() const { return prefetcher_.waited_seconds(); }
  double decode_seconds() { return prefetcher_.decode_seconds(); }

 private:
  std::size_t batch() const { return static_cast<std::size_t>(network_.batch()); }
  static std::ptrdiff_t at(std::size_t i) { return static_cast<std::ptrdiff_t>(i); }

  void decode(std::uint32_t job, std::span<std::uint8_t> slot) const {
    const Image frame = read_image(frames_[job], network_.channels());
    to_planes(resize_smooth(frame, {network_.width(), network_.height()}), slot);
  }

  const std::vector<const CachedVideo*> videos_;
  FeatureNetwork& network_;
  std::size_t next_ = 0;
  std::vector<std::uint8_t> pictures_;  // of a batch
  std::vector<float> features_;         // of a batch
  std::vector<float> values_;           // of a video
  std::vector<fs::path> frames_;
  std::vector<std::uint32_t> jobs_;
  std::vector<std::uint8_t> slots_;
  Prefetcher prefetcher_;  // last: it ends before what it uses
};

}  // namespace

Extraction extract_features(std::span<const CachedVideo> videos, std::size_t values,
                            const std::function<std::unique_ptr<FeatureNetwork>()>& make_network,
                            const std::function<void(const Extraction&)>& progress) {
  const Stopwatch watch;
  std::vector<const CachedVideo*> missing;
  std::vector<float> vector(values);
  for (const CachedVideo& video : videos)
    if (fs::exists(video.stored.file))
      read_features(video.stored, vector);
    else
      missing.push_back(&video);
  Extraction e;
  e.videos = videos.size();
  e.cached = videos.size() - missing.size();
  if (missing.empty()) return e;
  const std::unique_ptr<FeatureNetwork> network = make_network();
  if (video_values(network->features()) != values)
    fail("expected a network that makes vectors of {} values, found one that makes {}", values,
         video_values(network->features()));
  Extractor extractor(missing, *network);
  for (; e.made < missing.size();) {
    extractor.make_next();
    ++e.made;
    e.frames = network->pictures_seen();
    e.seconds = watch.seconds();
    e.decode_seconds = extractor.decode_seconds();
    e.waited_seconds = extractor.waited_seconds();
    if (progress) progress(e);
  }
  return e;
}

}  // namespace mapnet
