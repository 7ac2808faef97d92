#include "train/decode_ahead.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>
#include <numeric>

#include "common/temporary.hpp"
#include "data/picture_files.hpp"
#include "train/model.hpp"
#include "train/recipes.hpp"
#include "train/train_run.hpp"

/// Pictures that are decoded while training already runs.
using namespace mapnet;
using namespace mapnet::test;

namespace {

constexpr int kSide = 16;
constexpr std::size_t kPixels = 3 * kSide * kSide, kLabels = kSide * kSide;

/// Pictures of noise, each of its own, in the layout of camvid256 but smaller.
struct Pictures : Folder {
  explicit Pictures(int train = 21, int test = 9) {
    for (int i = 0; i < train; ++i) add("train", i);
    for (int i = 0; i < test; ++i) add("test", 100 + i);
    dataset = open_dataset("camvid256", {.folder = path});
    dataset.height = dataset.width = kSide;
    for (DatasetSplit* split : {&dataset.train, &dataset.test})
      std::get<SegmentationSplit>(split->files).size = {kSide, kSide};
  }
  void add(const std::string& split, int number) const {
    Image picture = plain(kSide, kSide, 3, 0), labels = plain(kSide, kSide, 1, 0);
    unsigned word = static_cast<unsigned>(number) * 2654435761u + 1;
    for (std::uint8_t& p : picture.pixels)
      p = static_cast<std::uint8_t>((word = word * 1664525u + 1013904223u) >> 24);
    for (std::uint8_t& l : labels.pixels)
      l = static_cast<std::uint8_t>((word = word * 1664525u + 1013904223u) % 97 % 12);
    const std::string name = fmt::format("{:03}.png", number);
    write_png(path / split / "images" / name, picture);
    write_png(path / split / "labels" / name, labels);
  }

  /// All samples, as they are read at once.
  std::vector<std::uint8_t> pixels() const {
    std::vector<std::uint8_t> all((dataset.train.count + dataset.test.count) * kPixels);
    const std::size_t train = dataset.train.count * kPixels;
    read_pixels(dataset, dataset.train, std::span(all).first(train));
    read_pixels(dataset, dataset.test, std::span(all).subspan(train));
    return all;
  }
  std::vector<std::uint8_t> labels() const {
    std::vector<std::uint8_t> all((dataset.train.count + dataset.test.count) * kLabels);
    const std::size_t train = dataset.train.count * kLabels;
    read_labels(dataset, dataset.train, std::span(all).first(train));
    read_labels(dataset, dataset.test, std::span(all).subspan(train));
    return all;
  }

  RunConfig config() const {
    RunConfig c = small_run("slvt");
    c.net = "cnn3";
    c.data = "camvid256";
    c.batch = 4;
    return c;
  }

  Dataset dataset;
  Network net = build_network("cnn3", {3, kSide, kSide, 11});
};

/// Where a decoder puts samples.
struct Placed {
  explicit Placed(std::size_t n) : pixels(n * kPixels), labels(n * kLabels), times(n) {}
  DecodeAhead::Place place() {
    return [this](std::uint32_t sample, std::span<const std::uint8_t> p,
                  std::span<const std::uint8_t> l) {
      std::ranges::copy(p, pixels.begin() + static_cast<std::ptrdiff_t>(sample * kPixels));
      std::ranges::copy(l, labels.begin() + static_cast<std::ptrdiff_t>(sample * kLabels));
      ++times[sample];
    };
  }
  std::vector<std::uint8_t> pixels, labels;
  std::vector<int> times;
};

/// Samples n - 1 down to 0.
std::vector<std::uint32_t> downwards(std::size_t n) {
  std::vector<std::uint32_t> order(n);
  std::iota(order.rbegin(), order.rend(), 0u);
  return order;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(decode_ahead)

BOOST_FIXTURE_TEST_CASE(each_sample_comes_to_its_place_once_and_in_time, Pictures) {
  const std::vector<std::uint32_t> order = downwards(30);
  Placed placed(30);
  DecodeAhead decoder(dataset, order, true, placed.place());
  for (std::size_t end = 0; end <= 30; end += 3) {
    decoder.require(0, end);
    for (std::size_t at = 0; at < end; ++at) BOOST_TEST(placed.times[order[at]] == 1);
    BOOST_TEST(decoder.done() == (std::ranges::count(placed.times, 1) == 30));
  }
  decoder.require(0, 30);
  BOOST_TEST(decoder.done());
  BOOST_TEST((placed.pixels == pixels()));
  BOOST_TEST((placed.labels == labels()));
  BOOST_TEST(decoder.times().seconds > 0);
  BOOST_TEST(decoder.times().waited_seconds >= 0);
}

BOOST_FIXTURE_TEST_CASE(what_is_not_required_is_not_decoded, Pictures) {
  Placed placed(30);
  DecodeAhead decoder(dataset, downwards(30), false, placed.place());
  decoder.require(9, 20);  // samples 20 down to 10
  for (int i = 0; i < 30; ++i)
    BOOST_TEST(placed.times[static_cast<std::size_t>(i)] == (i >= 10 && i <= 20 ? 1 : 0));
  decoder.require(0, 12);
  decoder.require(19, 30);
  BOOST_TEST(decoder.done());
  BOOST_TEST((placed.pixels == pixels()));
}

BOOST_FIXTURE_TEST_CASE(a_broken_picture_is_named_when_it_is_needed, Pictures) {
  const std::string broken = write("train/images/002.png", "no picture").string();
  Placed placed(30);
  DecodeAhead decoder(dataset, downwards(30), true, placed.place());
  decoder.require(0, 20);
  check_fails([&] { decoder.require(0, 30); }, {broken, "JPEG or PNG"});
  check_fails([&] { decoder.require(0, 30); }, {broken});
}

BOOST_FIXTURE_TEST_CASE(a_run_has_the_same_bits_however_late_pictures_come, Pictures) {
  RunConfig c = config();
  c.validation = 5;
  const Recipe recipe = resolve(c, net);
  std::vector<std::vector<float>> trained;
  for (const bool early : {false, true}) {
    Session session(recipe, net, dataset, Purpose::train);
    if (early) session.finish_loading();
    session.train_epoch(0);
    session.evaluate(Split::test);
    trained.push_back(session.values());
    session.finish_loading();
    std::vector<std::uint8_t> found(30 * kPixels);
    session.program().read<std::uint8_t>(found, session.run_schedule().samples.values);
    BOOST_TEST((found == pixels()));
    found.resize(30 * kLabels);
    session.program().read<std::uint8_t>(found, session.run_schedule().samples.labels);
    BOOST_TEST((found == labels()));
    BOOST_TEST(session.decode_times().seconds > 0);
  }
  BOOST_TEST((trained[0] == trained[1]));
}

BOOST_AUTO_TEST_CASE(the_first_pictures_of_the_order_are_measured) {
  const Pictures pictures(70, 3);
  const Session session(resolve(pictures.config(), pictures.net), pictures.net, pictures.dataset,
                        Purpose::train);
  std::vector<std::uint32_t> order(73);
  session.program().read<std::uint32_t>(order, session.run_schedule().samples.order);
  const PixelStatistics expected =
      measure_pixels(pictures.pixels(), 3, kSide * kSide, std::span(order).first(64));
  BOOST_TEST(session.pixels().mean == expected.mean, boost::test_tools::per_element());
  BOOST_TEST(session.pixels().stddev == expected.stddev, boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(a_stored_model_evaluates_alike_and_the_times_are_reported, Pictures) {
  const RunConfig c = config();
  const RunResult r = train_run(resolve(c, net), net, dataset, {path / "run"});
  const auto json = nlohmann::json::parse(read_file(path / "run/result.json"));
  BOOST_TEST(json.at("decode_seconds").get<double>() > 0);
  BOOST_TEST(json.at("decode_wait_seconds").get<double>() >= 0);
  const Metrics m =
      evaluate_model(open_model(path / "run"), dataset, Split::test, {c.device, c.threads});
  BOOST_TEST(m.loss == r.test.loss);
  BOOST_TEST((m.mean_iou == r.test.mean_iou));
}

BOOST_AUTO_TEST_SUITE_END()
