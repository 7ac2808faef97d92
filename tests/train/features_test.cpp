#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>

#include "common/test_device.hpp"
#include "data/resize.hpp"
#include "data/safetensors.hpp"
#include "train/features/feature_dataset.hpp"
#include "train/features/video_vector.hpp"
#include "train/pretrained_file.hpp"
#include "train/video_files.hpp"

/// Features of videos: the network that makes them, a video's vector, the cache.
using namespace mapnet;
using namespace mapnet::test;
namespace fs = std::filesystem;

namespace {

constexpr int kFeatures = 32, kHeight = 6, kWidth = 5;
constexpr std::size_t kVideoValues = video_values(kFeatures);

/// Small enough to be worked out by hand: a feature is the mean over the picture of
/// max(0, w . x + b).
Network tiny_classifier() {
  return make_network("tiny", Task::classify, {3, kHeight, kWidth, 4},
                      {conv("conv1", kFeatures, 1, 0), relu(), global_avg_pool(), linear("fc", 4)});
}

/// With a normalisation, whose running statistics come from the file too.
Network normalised_classifier() {
  return make_network("normalised", Task::classify, {3, kHeight, kWidth, 4},
                      {conv("conv1", kFeatures, 3, 1, 1, false), batch_norm("bn1", "conv1"), relu(),
                       global_avg_pool(), linear("fc", 4)});
}

Pretrained write_weights(const fs::path& file, const Network& net, std::uint64_t seed) {
  const std::vector<float> theta = some_weights(net, seed);
  std::vector<float> state;
  for (std::size_t i = 0; i < net.state_count(); ++i)
    state.push_back(0.5f + 0.01f * static_cast<float>(i));
  std::vector<NamedTensor> tensors = named_tensors(net, theta);
  for (const StateTensor& s : net.state)
    tensors.push_back(
        {s.name, {static_cast<int>(s.size)}, std::span(state).subspan(s.offset, s.size)});
  write_safetensors(file, tensors);
  return inspect_pretrained(file, net);
}

/// A set of videos, a network for them and a cache; counts how often the network is made, and what
/// it sees.
struct Cached : TinyCelebDf {
  Cached() { source.weights = write_weights(path / "weights.safetensors", net, 1); }

  std::vector<CachedVideo> find() const {
    const VideoSet set = open_videos("celeb-df", path);
    std::vector<Video> all = set.train;
    all.insert(all.end(), set.test.begin(), set.test.end());
    return find_features(all, path, source, path / "cache");
  }
  Extraction extract() {
    const auto make = [&] {
      ++networks;
      return std::make_unique<FeatureNetwork>(net, source.weights, 2, test_device(2), "--weights");
    };
    return extract_features(find(), kVideoValues, make, [&](const Extraction&) { ++reports; });
  }
  std::vector<float> vector_of(const CachedVideo& video) const {
    std::vector<float> values(kVideoValues);
    read_features(video.stored, values);
    return values;
  }

  const Network net = tiny_classifier();
  FeatureSource source;
  int networks = 0, reports = 0;
};

void flip_byte(const fs::path& file, std::size_t from_end) {
  std::string bytes = read_file(file);
  bytes[bytes.size() - from_end] = static_cast<char>(bytes[bytes.size() - from_end] ^ 1);
  write_file_atomic(file, bytes);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(features)

BOOST_AUTO_TEST_CASE(a_vector_is_means_and_grouped_spreads) {
  // Feature i of frame t is i + t * (i % 16 + 1): over three frames its mean is i + (i % 16 + 1),
  // its spread (i % 16 + 1) sqrt(2 / 3), whose mean over a group is 8.5 sqrt(2 / 3).
  VideoVector vector(64);
  for (int t = 0; t < 3; ++t) {
    std::vector<float> frame(64);
    for (int i = 0; i < 64; ++i)
      frame[static_cast<std::size_t>(i)] = static_cast<float>(i + t * (i % 16 + 1));
    vector.add(frame);
  }
  std::vector<float> values(68);
  vector.finish(values);
  for (int i = 0; i < 64; ++i)
    BOOST_TEST(values[static_cast<std::size_t>(i)] == static_cast<float>(i + i % 16 + 1));
  for (int g = 64; g < 68; ++g)
    BOOST_TEST(values[static_cast<std::size_t>(g)] ==
               static_cast<float>(8.5 * std::sqrt(2.0 / 3.0)));
  VideoVector still(64);
  still.add(std::vector<float>(64, 7.0f));
  still.finish(values);
  BOOST_TEST(values[3] == 7.0f);
  BOOST_TEST(values[66] == 0.0f);
  check_fails([&] { still.add(std::vector<float>(63)); }, {"64 features", "found 63"});
  check_fails([&] { VideoVector(64).finish(values); }, {"found 0 frames"});
}

BOOST_AUTO_TEST_CASE(the_sizes_are_the_papers) {
  BOOST_TEST(video_values_of("resnet50") == 2176u);
  const Dataset d = describe_video_features("celeb-df", {});
  BOOST_TEST(d.height == 34);
  BOOST_TEST(d.width == 64);
  BOOST_TEST(d.classes == 2);
  BOOST_TEST(build_network("cnn1", {1, 34, 64, 2}).param_count() == 1289602u);
  BOOST_TEST(build_network("cnn2", {1, 34, 64, 2}).param_count() == 406594u);
  check_fails<UsageError>([] { video_values_of("cnn2"); }, {"--features-net is cnn2", "resnet50"});
}

BOOST_AUTO_TEST_CASE(features_are_what_enters_the_last_layer) {
  const Folder folder;
  const Network net = tiny_classifier();
  const Pretrained weights = write_weights(folder.path / "w.safetensors", net, 3);
  FeatureNetwork network(net, weights, 4, test_device(2), "--weights");
  BOOST_TEST(network.features() == static_cast<std::size_t>(kFeatures));
  const std::size_t plane = kHeight * kWidth;
  std::vector<std::uint8_t> pictures(3 * 3 * plane);
  for (std::size_t i = 0; i < pictures.size(); ++i)
    pictures[i] = static_cast<std::uint8_t>(i * 37 + i / 7);
  std::vector<float> found(3 * kFeatures);
  network.run(pictures, found);
  const std::vector<float> theta = some_weights(net, 3);
  const double mean[] = {0.485, 0.456, 0.406}, stddev[] = {0.229, 0.224, 0.225};
  for (std::size_t n = 0; n < 3; ++n)
    for (std::size_t k = 0; k < kFeatures; ++k) {
      double sum = 0;
      for (std::size_t at = 0; at < plane; ++at) {
        double value = static_cast<double>(theta[net.param("conv1.bias").offset + k]);
        for (std::size_t c = 0; c < 3; ++c)
          value += static_cast<double>(theta[k * 3 + c]) *
                   (pictures[(n * 3 + c) * plane + at] / 255.0 - mean[c]) / stddev[c];
        sum += std::max(0.0, value);
      }
      // Values of size 1, a dozen float operations each.
      BOOST_TEST(std::abs(static_cast<double>(found[n * kFeatures + k]) -
                          sum / static_cast<double>(plane)) < 1e-5);
    }
  check_fails([&] { network.run(pictures, std::span(found).first(7)); }, {"tiny", "room for 32"});
  check_fails([&] { without_head(without_head(net)); }, {"fully connected"});
}

BOOST_AUTO_TEST_CASE(normalisations_use_the_files_statistics) {
  const Folder folder;
  const Network net = normalised_classifier();
  FeatureNetwork network(net, write_weights(folder.path / "a.safetensors", net, 3), 2,
                         test_device(2), "--weights");
  std::vector<std::uint8_t> two(2 * network.picture_bytes(), 200);
  std::fill_n(two.begin(), network.picture_bytes(), std::uint8_t{10});
  std::vector<float> together(2 * kFeatures), apart(kFeatures);
  network.run(two, together);
  network.run(std::span(two).last(network.picture_bytes()), apart);
  // A batch's own statistics would make a picture depend on the others.
  for (std::size_t k = 0; k < kFeatures; ++k) BOOST_TEST(together[kFeatures + k] == apart[k]);
  BOOST_TEST(network.pictures_seen() == 3u);
}

BOOST_FIXTURE_TEST_CASE(a_videos_vector_is_that_of_its_frames, Cached) {
  const Extraction e = extract();
  BOOST_TEST(e.videos == 7u);
  BOOST_TEST(e.made == 7u);
  BOOST_TEST(e.frames == 21u);
  BOOST_TEST(e.seconds >= e.waited_seconds);
  BOOST_TEST(e.decode_seconds > 0);
  BOOST_TEST(reports == 7);
  FeatureNetwork one(net, source.weights, 1, test_device(2), "--weights");
  std::vector<std::uint8_t> picture(one.picture_bytes());
  for (const CachedVideo& video : find()) {
    // By hand: each frame alone, mean and deviation in two passes.
    std::vector<std::vector<float>> frames;
    for (const fs::path& frame : video.frames) {
      to_planes(resize_smooth(read_image(frame, 3), {kWidth, kHeight}), picture);
      one.run(picture, frames.emplace_back(kFeatures));
    }
    const std::vector<float> values = vector_of(video);
    std::vector<double> spread(kFeatures);
    for (std::size_t k = 0; k < kFeatures; ++k) {
      double mean = 0, squares = 0;
      for (const auto& f : frames) mean += static_cast<double>(f[k]) / 3;
      for (const auto& f : frames) squares += std::pow(static_cast<double>(f[k]) - mean, 2);
      spread[k] = std::sqrt(squares / 3);
      BOOST_TEST(std::abs(static_cast<double>(values[k]) - mean) < 1e-5);
    }
    for (std::size_t g = 0; g < 2; ++g) {
      double mean = 0;
      for (std::size_t k = 0; k < 16; ++k) mean += spread[16 * g + k] / 16;
      BOOST_TEST(mean > 0.01);  // the frames do differ
      BOOST_TEST(std::abs(static_cast<double>(values[kFeatures + g]) - mean) < 1e-5);
    }
  }
}

BOOST_FIXTURE_TEST_CASE(what_is_cached_is_not_made_again, Cached) {
  extract();
  BOOST_TEST(extract().cached == 7u);
  BOOST_TEST(networks == 1);

  const fs::path frame = path / "Celeb-real/id3_0000/1.png";
  const auto untouched = vector_of(find()[0]);
  write_frame("Celeb-real/id3_0000", 1, 77, 21, 17);
  const Extraction changed = extract();
  BOOST_TEST(changed.made == 1u);
  BOOST_TEST(changed.frames == 3u);
  fs::last_write_time(frame, fs::last_write_time(frame) + std::chrono::seconds(1));
  BOOST_TEST(extract().made == 1u);

  source.weights = write_weights(path / "others.safetensors", net, 2);
  BOOST_TEST(extract().made == 7u);
  BOOST_TEST((vector_of(find()[0]) != untouched));
  source.frames = 2;
  BOOST_TEST(extract().frames == 14u);
  BOOST_TEST(extract().cached == 7u);
}

BOOST_FIXTURE_TEST_CASE(a_damaged_file_is_refused_and_named, Cached) {
  extract();
  const std::vector<CachedVideo> videos = find();
  const fs::path file = videos[2].stored.file;
  const std::string whole = read_file(file);
  flip_byte(file, 5);
  check_fails([&] { extract(); }, {file.string(), "damaged", "SHA-256"});
  write_file_atomic(file, whole.substr(0, whole.size() - 4));
  check_fails([&] { extract(); }, {file.string()});
  write_file_atomic(file, read_file(videos[3].stored.file));
  check_fails([&] { extract(); },
              {file.string(), "expected the features of key " + videos[2].stored.key});
  write_features(file, videos[2].stored.key, std::vector<float>(3));
  check_fails([&] { extract(); }, {file.string(), "34 values", "[3]"});
  fs::remove(file);
  BOOST_TEST(extract().made == 1u);
  BOOST_TEST((read_file(file) == whole));
}

BOOST_FIXTURE_TEST_CASE(what_is_interrupted_goes_on, Cached) {
  const std::vector<CachedVideo> videos = find();
  const fs::path broken = videos[2].frames[1];
  const std::string whole = read_file(broken);
  const auto time = fs::last_write_time(broken);
  write_file_atomic(broken, std::string(whole.size(), 'x'));
  fs::last_write_time(broken, time);
  check_fails([&] { extract(); }, {broken.string(), "JPEG or PNG"});
  BOOST_TEST(reports == 2);
  write_file_atomic(broken, whole);
  fs::last_write_time(broken, time);
  const Extraction rest = extract();
  BOOST_TEST(rest.cached == 2u);
  BOOST_TEST(rest.made == 5u);
}

BOOST_AUTO_TEST_CASE(chosen_frames_are_evenly_spaced) {
  const auto chosen = [](int of, int n) {
    std::vector<fs::path> frames;
    for (int i = 0; i < of; ++i) frames.emplace_back(std::to_string(i));
    std::string text;
    for (const fs::path& frame : choose_frames(frames, n)) text += frame.string() + " ";
    return text;
  };
  BOOST_TEST(chosen(10, 4) == "0 2 5 7 ");
  BOOST_TEST(chosen(3, 4) == "0 1 2 ");
  BOOST_TEST(chosen(3, 0) == "0 1 2 ");
  BOOST_TEST(chosen(7, 1) == "0 ");
}

BOOST_AUTO_TEST_CASE(flags_without_meaning_are_refused) {
  FeaturesConfig c;
  BOOST_TEST(!resolve_features(c, "mnist").given());
  BOOST_TEST(!resolve_features(c, "celeb-df").given());  // enough to plan
  c.frames = 5;
  check_fails<UsageError>([&] { resolve_features(c, "mnist"); }, {"--features-frames", "videos"});
  check_fails<UsageError>([&] { resolve_features(c, "noise-1x2x2x2"); }, {"--features-frames"});
  c.frames = -1;
  check_fails<UsageError>([&] { resolve_features(c, "celeb-df"); }, {"--features-frames is -1"});
  c = {};
  c.weights = "/nonexistent/w";
  check_fails([&] { resolve_features(c, "celeb-df"); }, {"/nonexistent/w"});
  check_fails<UsageError>([&] { open_video_features("celeb-df", "/tmp", {}, {}); },
                          {"celeb-df", "--features-weights FILE"});
  check_fails([&] { open_video_features("celeb-df", "", {}, {}); }, {"--data-dir"});
}

BOOST_FIXTURE_TEST_CASE(both_layouts_are_found_with_their_labels, TinyFaceForensics) {
  FeatureSource source;
  source.weights.sha256 = "0";
  const VideoSet set = open_videos("faceforensics", path);
  BOOST_TEST(set.test.size() == 10u);
  const std::vector<CachedVideo> videos = find_features(set.test, path, source, "/cache");
  for (std::size_t i = 0; i < videos.size(); ++i) {
    BOOST_TEST(videos[i].frames.size() == 2u);
    BOOST_TEST(videos[i].stored.label == set.test[i].label);
    BOOST_TEST(videos[i].stored.file.string().starts_with("/cache/"));
  }
  BOOST_TEST(
      std::ranges::count_if(videos, [](const CachedVideo& v) { return v.stored.label == 1; }) == 8);
}

BOOST_AUTO_TEST_SUITE_END()
