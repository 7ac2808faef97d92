#include "data/segmentation.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdlib>

#include "common/temporary.hpp"
#include "data/dataset.hpp"
#include "data/picture_files.hpp"

using namespace mapnet;
using namespace mapnet::test;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t kPixels = 256 * 256;

/// Three pictures of different sizes to train on and one to test, in the plain layout.
struct Pictures : Folder {
  Pictures() {
    add("train", "b", 64, 48, 20, 1);
    add("train", "a", 512, 300, 10, 0);
    add("train", "c", 256, 256, 30, 11);
    add("test", "d", 100, 50, 40, 10);
  }
  void add(const std::string& split, const std::string& name, int width, int height,
           std::uint8_t value, std::uint8_t id) const {
    write_png(path / split / "images" / (name + ".png"), plain(width, height, 3, value));
    write_png(path / split / "labels" / (name + ".png"), plain(width, height, 1, id));
  }
  Dataset open() const { return open_dataset("camvid256", {.folder = path}); }
};

/// Cityscapes' own layout: two cities to train on, one to test.
struct Cities : Folder {
  Cities() {
    add("train", "bochum", "bochum_000000_000313", {0, 7, 33, 34});
    add("train", "aachen", "aachen_000001_000019", {8, 26, 16, 255});
    add("val", "munster", "munster_000002_000019", {11, 12, 13, 17});
  }
  /// A picture of 512 x 256 in four columns of one id each.
  void add(const std::string& split, const std::string& city, const std::string& frame,
           const std::vector<std::uint8_t>& ids) const {
    Image labels = plain(512, 256, 1, 0);
    for (std::size_t i = 0; i < labels.pixels.size(); ++i) labels.pixels[i] = ids[i % 512 / 128];
    write_png(path / "leftImg8bit" / split / city / (frame + "_leftImg8bit.png"),
              plain(512, 256, 3, ids[0]));
    write_png(path / "gtFine" / split / city / (frame + "_gtFine_labelIds.png"), labels);
    write("gtFine/" + split + "/" + city + "/" + frame + "_gtFine_polygons.json", "{}");
  }
  Dataset open() const { return open_dataset("cityscapes", {.folder = path}); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(segmentation)

BOOST_FIXTURE_TEST_CASE(pictures_of_any_size_become_one_size_in_the_order_of_names, Pictures) {
  const Dataset d = open();
  BOOST_TEST((d.task == Task::segment));
  BOOST_TEST(d.classes == 11);
  BOOST_TEST(d.ignore == 11);
  BOOST_TEST(d.train.count == 3u);
  BOOST_TEST(d.test.count == 1u);
  BOOST_TEST(labels_per_sample(d) == kPixels);
  std::vector<std::uint8_t> pixels(3 * 3 * kPixels), labels(3 * kPixels);
  read_pixels(d, d.train, pixels);
  read_labels(d, d.train, labels);
  const std::uint8_t values[] = {10, 20, 30}, ids[] = {0, 1, 11};  // a, b, c
  for (std::size_t i = 0; i < 3; ++i) {
    const auto at = [&](std::size_t of) { return static_cast<std::ptrdiff_t>(i * of); };
    BOOST_TEST(std::count(pixels.begin() + at(3 * kPixels),
                          pixels.begin() + at(3 * kPixels) + 3 * kPixels,
                          values[i]) == 3 * kPixels);
    BOOST_TEST(std::count(labels.begin() + at(kPixels), labels.begin() + at(kPixels) + kPixels,
                          ids[i]) == kPixels);
  }
}

BOOST_FIXTURE_TEST_CASE(what_is_missing_is_listed, Pictures) {
  fs::remove(path / "train/labels/a.png");
  fs::remove(path / "test/labels/d.png");
  check_fails([&] { open(); },
              {path.string() + ": expected camvid256 here, found 3 problems",
               (path / "train/labels/a.png").string() + ": missing, the labels of ",
               (path / "test").string() + ": expected pictures with labels, found none",
               "SegNet tutorial"});
  fs::remove_all(path / "test");
  check_fails([&] { open(); }, {(path / "test/images").string() + ": expected a folder: No such"});
}

BOOST_FIXTURE_TEST_CASE(many_problems_are_counted, Pictures) {
  for (int i = 0; i < 20; ++i)
    write_png(path / "train/images" / ("x" + std::to_string(i) + ".png"), plain(8, 8, 3, 0));
  check_fails([&] { open(); }, {"found 20 problems", "and 10 more"});
}

BOOST_FIXTURE_TEST_CASE(labels_must_have_their_pictures_size, Pictures) {
  write_png(path / "train/labels/a.png", plain(300, 512, 1, 0));
  const Dataset d = open();
  std::vector<std::uint8_t> labels(3 * kPixels);
  check_fails([&] { read_labels(d, d.train, labels); },
              {"train/labels/a.png: expected 512 x 300 labels", "images/a.png", "found 300 x 512"});
}

BOOST_FIXTURE_TEST_CASE(ids_that_are_no_class_are_refused, Pictures) {
  Image ids = plain(512, 300, 1, 0);
  ids.pixels[2 * 512 + 5] = 12;
  write_png(path / "train/labels/a.png", ids);
  const Dataset d = open();
  std::vector<std::uint8_t> labels(3 * kPixels);
  check_fails([&] { read_labels(d, d.train, labels); },
              {"train/labels/a.png", "expected ids", "found 12 in row 2, column 5"});
}

// Whichever thread meets its file first: the first in the list is reported.
BOOST_FIXTURE_TEST_CASE(the_first_broken_picture_is_reported, Pictures) {
  for (const char* name : {"b", "c"}) write(std::string("train/images/") + name + ".png", "broken");
  const Dataset d = open();
  std::vector<std::uint8_t> pixels(3 * 3 * kPixels);
  for (int again = 0; again < 20; ++again)
    check_fails([&] { read_pixels(d, d.train, pixels); }, {"train/images/b.png"});
}

BOOST_FIXTURE_TEST_CASE(cityscapes_ids_become_train_ids, Cities) {
  const Dataset d = open();
  BOOST_TEST(d.classes == 19);
  BOOST_TEST(d.class_names.back() == "bicycle");
  BOOST_TEST(d.class_names[6] == "traffic light");
  BOOST_TEST(d.train.count == 2u);
  BOOST_TEST(d.test.count == 1u);
  std::vector<std::uint8_t> pixels(2 * 3 * kPixels), labels(2 * kPixels);
  read_pixels(d, d.train, pixels);
  BOOST_TEST(pixels.front() == 8);  // aachen comes before bochum
  BOOST_TEST(pixels.back() == 0);
  read_labels(d, d.train, labels);
  const auto expect = [&](std::size_t sample, std::vector<int> classes) {
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < kPixels; ++i)
      wrong += labels[sample * kPixels + i] != classes[i % 256 / 64];
    BOOST_TEST(wrong == 0u);
  };
  expect(0, {1, 13, 255, 255});
  expect(1, {255, 0, 18, 255});
  read_labels(d, d.test, std::span(labels).first(kPixels));
  expect(0, {2, 3, 4, 5});
}

BOOST_FIXTURE_TEST_CASE(cityscapes_without_its_labels_says_what_to_get, Cities) {
  fs::remove_all(path / "gtFine");
  check_fails([&] { open(); }, {"aachen_000001_000019_gtFine_labelIds.png: missing",
                                "gtFine_trainvaltest.zip", "cityscapes-dataset.com"});
  check_fails([] { open_dataset("cityscapes"); },
              {"--data-dir", "Register at", "leftImg8bit_trainvaltest.zip"});
}

// Where a person has it: MAPNET_CAMVID256 names its folder.
BOOST_AUTO_TEST_CASE(camvid_as_published) {
  const char* folder = std::getenv("MAPNET_CAMVID256");
  if (!folder) {
    BOOST_TEST_MESSAGE("skipped: CamVid is not here; MAPNET_CAMVID256 names its folder");
    return;
  }
  const Dataset d = open_dataset("camvid256", {.folder = folder});
  BOOST_TEST(d.train.count == 367u);
  BOOST_TEST(d.test.count == 233u);
  std::vector<std::uint8_t> labels(233 * kPixels), pixels(233 * 3 * kPixels);
  read_labels(d, d.test, labels);
  read_pixels(d, d.test, pixels);
  BOOST_TEST(*std::max_element(labels.begin(), labels.end()) == 11);
  // Road, the largest class but sky and building, lies in the lower half.
  std::size_t upper = 0, lower = 0;
  for (std::size_t i = 0; i < labels.size(); ++i)
    if (labels[i] == 3) ++(i % kPixels < kPixels / 2 ? upper : lower);
  BOOST_TEST(lower > 10 * upper);
}

BOOST_AUTO_TEST_SUITE_END()
