#include <boost/test/unit_test.hpp>

#include "common/temporary.hpp"
#include "data/image.hpp"
#include "data/made_pictures.hpp"
#include "data/picture_files.hpp"

/// Pictures that would cost their reader far more than their files are worth, or that hold no
/// picture.
using namespace mapnet;
using namespace mapnet::test;

namespace {

/// A PNG of one size that says of itself that it is of another; nobody looks at its checksums.
void write_png_that_says(const std::filesystem::path& file, const Image& image, ImageSize says) {
  write_png(file, image);
  std::string bytes = read_file(file);
  constexpr std::size_t width_at = 16, height_at = 20;
  for (std::size_t i = 0; i < 4; ++i) {
    const auto shift = 24 - 8 * i;
    bytes[width_at + i] = static_cast<char>(says.width >> shift & 0xff);
    bytes[height_at + i] = static_cast<char>(says.height >> shift & 0xff);
  }
  write_file_atomic(file, bytes);
}

void check_grey(const Image& image) {
  BOOST_TEST((image.pixels == std::vector<std::uint8_t>(image.pixels.size(), 128)));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(picture_limits)

// 2 MB of zeros in a file of some KB; the decoder would double its memory as long as more comes.
BOOST_FIXTURE_TEST_CASE(a_png_that_unpacks_to_more_than_its_picture_is_refused, Folder) {
  const auto file = path / "bomb.png";
  write_png_that_says(file, plain(2000, 1000, 1, 0), {28, 28});
  BOOST_TEST(read_file(file).size() < 50'000u);
  check_fails([&] { read_image(file, 1); },
              {"bomb.png", "unpacks to 812 bytes", "28 x 28", "found more than"});
  check_fails([&] { read_label_image(file); }, {"bomb.png", "unpacks to 812 bytes"});
}

BOOST_FIXTURE_TEST_CASE(a_few_rows_behind_the_last_are_passed_over, Folder) {
  Image image = plain(28, 30, 1, 7);
  image.pixels[28 * 28 - 1] = 9;
  write_png_that_says(path / "a.png", image, {28, 28});
  image.pixels.resize(28 * 28);
  BOOST_TEST((read_image(path / "a.png", 1).pixels == image.pixels));
}

BOOST_FIXTURE_TEST_CASE(a_jpeg_of_too_many_scans_is_refused, Folder) {
  write("500.jpg", progressive_jpeg({8, 8}, 500));
  check_grey(read_image(path / "500.jpg", 3));
  write("501.jpg", progressive_jpeg({8, 8}, 501));
  check_fails([&] { read_image(path / "501.jpg", 3); },
              {"501.jpg", "at most 500 scans", "8 x 8", "found 501"});
}

// Hours' worth of walks over 67 million pixels would fit into a megabyte.
BOOST_FIXTURE_TEST_CASE(a_large_jpeg_has_fewer_scans, Folder) {
  write("large.jpg", progressive_jpeg({8192, 8192}, 65));
  check_fails([&] { read_image(path / "large.jpg", 3); },
              {"large.jpg", "at most 64 scans", "8192 x 8192", "found 65"});
  write("few.jpg", progressive_jpeg({8192, 8192}, 64));
  check_fails([&] { read_image(path / "few.jpg", 3); }, {"few.jpg", "expected more than"});
}

BOOST_FIXTURE_TEST_CASE(a_jpeg_without_a_components_scan_is_refused, Folder) {
  const std::string colour = jpeg_head(kBaseline, {8, 8}, {1, 2, 3});
  const auto scan = [](int component) { return jpeg_scan(component, 0, 63, 1); };
  write("all.jpg", colour + scan(1) + scan(3) + scan(2) + jpeg_end);
  check_grey(read_image(path / "all.jpg", 3));
  write("none.jpg", colour + jpeg_end);
  check_fails([&] { read_image(path / "none.jpg", 3); },
              {"none.jpg", "a scan of each of the JPEG's 3 components", "none of number 1"});
  write("two.jpg", colour + scan(1) + scan(2) + jpeg_end);
  check_fails([&] { read_image(path / "two.jpg", 3); }, {"two.jpg", "none of number 3"});
  // Of two with one name the decoder fills the first.
  write("twice.jpg", jpeg_head(kBaseline, {8, 8}, {1, 1, 2}) + scan(1) + scan(2) + jpeg_end);
  check_fails([&] { read_image(path / "twice.jpg", 3); }, {"twice.jpg", "none of number 2"});
}

// A restart that is due and does not come ends a scan. Memory that a picture before it filled would
// be seen in the rest.
BOOST_FIXTURE_TEST_CASE(pixels_that_a_scan_leaves_out_are_the_same_each_time, Folder) {
  const std::string scan = jpeg_scan(1, 0, 63, 32);
  std::string jpeg = jpeg_head(kBaseline, {64, 64}, {1});
  write("whole.jpg", jpeg + scan + jpeg_end);
  write("rest.jpg", jpeg + jpeg_segment(0xdd, text_of({0, 1})) + scan + jpeg_end);
  for (int again = 0; again < 3; ++again) {
    check_grey(read_image(path / "whole.jpg", 1));
    const Image rest = read_image(path / "rest.jpg", 1);
    BOOST_TEST(rest.pixels.front() == 128);
    BOOST_TEST(rest.pixels[8] == 0);
    BOOST_TEST(rest.pixels.back() == 0);
  }
}

BOOST_AUTO_TEST_SUITE_END()
