#include "data/noise.hpp"

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <vector>

#include "common/temporary.hpp"
#include "data/dataset.hpp"

using namespace mapnet;
using namespace mapnet::test;

namespace {

std::vector<std::uint8_t> pixels_of(const Dataset& d, const DatasetSplit& split) {
  std::vector<std::uint8_t> out(split.count * static_cast<std::size_t>(d.channels) *
                                static_cast<std::size_t>(d.height * d.width));
  read_pixels(d, split, out);
  return out;
}

std::vector<std::uint8_t> labels_of(const Dataset& d, const DatasetSplit& split) {
  std::vector<std::uint8_t> out(split.count * labels_per_sample(d));
  read_labels(d, split, out);
  return out;
}

/// Each of `bins` is within five standard deviations of its even share.
void check_even(const std::vector<std::uint8_t>& values, std::size_t bins) {
  std::vector<double> counts(bins);
  for (const std::uint8_t v : values) {
    BOOST_REQUIRE(v < bins);
    ++counts[v];
  }
  const double share = static_cast<double>(values.size()) / static_cast<double>(bins);
  for (const double n : counts) BOOST_TEST(std::abs(n - share) < 5 * std::sqrt(share));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(noise)

BOOST_AUTO_TEST_CASE(the_name_says_what_it_is) {
  const Dataset d = open_dataset("noise-3x20x30x1000");
  BOOST_TEST((d.task == Task::classify));
  BOOST_TEST((std::array{d.channels, d.height, d.width, d.classes} == std::array{3, 20, 30, 1000}));
  BOOST_TEST(d.train.count == 256u);
  BOOST_TEST(d.test.count == 64u);
  BOOST_TEST(labels_per_sample(d) == 1u);
  BOOST_TEST(!parse_noise("mnist"));
  const Dataset pixels = describe_dataset("noise-1x8x4x11-pixels");
  BOOST_TEST((pixels.task == Task::segment));
  BOOST_TEST(labels_per_sample(pixels) == 32u);
}

BOOST_AUTO_TEST_CASE(pixels_and_labels_are_even_and_the_splits_differ) {
  const Dataset d = open_dataset("noise-3x20x30x10");
  const auto pixels = pixels_of(d, d.train), labels = labels_of(d, d.train);
  check_even(pixels, 256);
  check_even(labels, 10);
  BOOST_TEST((pixels == pixels_of(open_dataset("noise-3x20x30x10"), d.train)));
  const auto test = pixels_of(d, d.test);
  BOOST_TEST(std::ranges::search(pixels, std::span(test).first(64)).empty());
  const Dataset s = open_dataset("noise-3x20x30x10-pixels");
  check_even(labels_of(s, s.train), 10);
  const Dataset many = open_dataset("noise-1x2x2x1000");  // labels are bytes
  BOOST_TEST(std::ranges::max(labels_of(many, many.train)) > 200);
}

BOOST_AUTO_TEST_CASE(shapes_are_seen_in_their_pictures) {
  const Dataset d = open_dataset("noise-2x20x30x4-shapes");
  BOOST_TEST((d.task == Task::segment));
  const auto pixels = pixels_of(d, d.train), labels = labels_of(d, d.train);
  BOOST_TEST(std::ranges::max(labels) == 3);
  // Of a colour and of noise from 0 to 255 half each: a class's bytes are within 128 of each other.
  constexpr std::size_t kPlane = 20 * 30;
  std::array<std::array<int, 2>, 4> least{}, most{};
  for (auto& l : least) l = {255, 255};
  for (std::size_t i = 0; i < labels.size(); ++i)
    for (std::size_t c = 0; c < 2; ++c) {
      const int byte = pixels[(2 * (i / kPlane) + c) * kPlane + i % kPlane];
      least[labels[i]][c] = std::min(least[labels[i]][c], byte);
      most[labels[i]][c] = std::max(most[labels[i]][c], byte);
    }
  for (std::size_t label = 0; label < 4; ++label)
    for (std::size_t c = 0; c < 2; ++c) BOOST_TEST(most[label][c] - least[label][c] <= 128);
  BOOST_TEST(least[0] != least[1], boost::test_tools::per_element());
  BOOST_TEST((pixels == pixels_of(open_dataset("noise-2x20x30x4-shapes"), d.train)));
  BOOST_TEST((labels_of(d, d.test) != std::vector(labels.begin(), labels.begin() + 64 * kPlane)));
  check_fails<UsageError>([] { parse_noise("noise-3x8x8x1-shapes"); }, {"beside the background"});
}

BOOST_AUTO_TEST_CASE(these_bytes_on_every_machine) {
  const NoiseSplit split = {{1, 3, 3, 4, false}, 7, 1};
  std::vector<std::uint8_t> pixels(9), label(1);
  read_pixels(split, pixels);
  read_labels(split, label);
  const std::vector<std::uint8_t> expected = {161, 202, 78, 152, 101, 206, 139, 206, 10};
  BOOST_TEST(pixels == expected, boost::test_tools::per_element());
  BOOST_TEST(label[0] == 2);
}

BOOST_AUTO_TEST_CASE(another_form_is_refused_and_the_form_shown) {
  for (const char* name :
       {"noise-", "noise-3x224x224", "noise-3x224x224x", "noise-3x224x224x10x",
        "noise-3x2x2x5-pixel", "noise-ax2x2x5", "noise-3x2x2x5 ", "noise-99999999999x2x2x5"})
    check_fails<UsageError>([&] { open_dataset(name); },
                            {name, "noise-CxHxWxCLASSES[-pixels|-shapes]", "noise-3x224x224x1000"});
  check_fails<UsageError>([] { parse_noise("noise-5x2x2x5"); }, {"1 to 4 channels, found 5"});
  check_fails<UsageError>([] { parse_noise("noise-3x0x2x5"); }, {"rows, found 0"});
  check_fails<UsageError>([] { parse_noise("noise-3x2x-2x5"); }, {"columns, found -2"});
  check_fails<UsageError>([] { parse_noise("noise-3x2x2x257-pixels"); }, {"256 classes"});
  check_fails<UsageError>([] { open_dataset("noise-1x2x2x5", {.folder = "/tmp"}); },
                          {"--data-dir", "no files"});
  for (const DatasetOptions& of_a_series :
       {DatasetOptions{.window = 5}, DatasetOptions{.multivariate = true},
        DatasetOptions{.missing = "nonsense"}})
    check_fails<UsageError>([&] { open_dataset("noise-1x2x2x5", of_a_series); },
                            {"--window, --multivariate and --missing", "noise-1x2x2x5 is none"});
  check_fails<UsageError>([] { open_dataset("nose-1x2x2x5"); }, {"noise-CxHxWxCLASSES"});
}

BOOST_AUTO_TEST_SUITE_END()
