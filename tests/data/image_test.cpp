#include "data/image.hpp"

#include <boost/test/unit_test.hpp>

#include "common/temporary.hpp"
#include "data/picture_files.hpp"
#include "data/resize.hpp"

using namespace mapnet;
using namespace mapnet::test;

namespace {

/// A grey image from its rows' values.
Image grey(int width, std::vector<std::uint8_t> values) {
  return {width, static_cast<int>(values.size()) / width, 1, std::move(values)};
}

void check_pixels(const Image& image, const std::vector<std::uint8_t>& expected) {
  BOOST_TEST(image.pixels == expected, boost::test_tools::per_element());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(images)

BOOST_FIXTURE_TEST_CASE(a_png_comes_back_to_the_bit, Folder) {
  const Image written{2, 1, 3, {10, 20, 30, 40, 50, 60}};
  write_png(path / "a.png", written);
  BOOST_TEST((read_image_size(path / "a.png") == ImageSize{2, 1}));
  const Image colours = read_image(path / "a.png", 3);
  BOOST_TEST(colours.width == 2);
  BOOST_TEST(colours.height == 1);
  check_pixels(colours, written.pixels);
  std::vector<std::uint8_t> planes(6);
  to_planes(colours, planes);
  BOOST_TEST(planes == (std::vector<std::uint8_t>{10, 40, 20, 50, 30, 60}),
             boost::test_tools::per_element());
  write_png(path / "grey.png", grey(2, {7, 200}));
  check_pixels(read_image(path / "grey.png", 3), {7, 7, 7, 200, 200, 200});
}

BOOST_FIXTURE_TEST_CASE(a_jpeg_comes_back_closely, Folder) {
  write_jpeg(path / "a.jpg", plain(33, 17, 3, 90));
  const Image image = read_image(path / "a.jpg", 3);
  BOOST_TEST(image.width == 33);
  BOOST_TEST(image.height == 17);
  for (const std::uint8_t pixel : image.pixels) BOOST_TEST(std::abs(pixel - 90) <= 2);
}

BOOST_FIXTURE_TEST_CASE(label_images_must_hold_ids_as_they_are, Folder) {
  write_png(path / "ids.png", grey(3, {0, 11, 255}));
  check_pixels(read_label_image(path / "ids.png"), {0, 11, 255});
  write_png(path / "rgb.png", plain(2, 2, 3, 1));
  check_fails([&] { read_label_image(path / "rgb.png"); },
              {"rgb.png", "one grey channel of 8 bits", "colour type 2"});
  write("bits.png", png_header(2, 2, 4, 0));
  check_fails([&] { read_label_image(path / "bits.png"); }, {"bits.png", "of 4 bits"});
  write("palette.png", png_header(2, 2, 8, 3));
  check_fails([&] { read_label_image(path / "palette.png"); }, {"palette.png", "colour type 3"});
  write_jpeg(path / "ids.jpg", plain(2, 2, 1, 1));
  check_fails([&] { read_label_image(path / "ids.jpg"); }, {"ids.jpg", "expected a PNG"});
}

BOOST_FIXTURE_TEST_CASE(hostile_headers_are_refused_before_decoding, Folder) {
  write("large.png", png_header(60000, 60000, 8, 2));
  check_fails([&] { read_image(path / "large.png", 3); }, {"large.png"});
  write("wide.png", png_header(9000, 9000, 8, 0));  // 81 million pixels
  check_fails([&] { read_image(path / "wide.png", 3); },
              {"wide.png", "at most 67108864 pixels", "9000 x 9000"});
  write("small.png", png_header(8000, 8000, 8, 2));
  check_fails([&] { read_image(path / "small.png", 3); },
              {"small.png", "expected more than 31250 bytes", "8000 x 8000", "found 41"});
}

BOOST_FIXTURE_TEST_CASE(broken_files_are_named, Folder) {
  write("text.png", "no image");
  check_fails([&] { read_image(path / "text.png", 3); }, {"text.png", "JPEG or PNG", "none"});
  write("empty.jpg", "");
  check_fails([&] { read_image(path / "empty.jpg", 3); }, {"empty.jpg", "JPEG or PNG"});
  check_fails([&] { read_image(path / "absent.jpg", 3); }, {"absent.jpg", "cannot open"});
  Image noise = plain(64, 64, 3, 0);
  for (std::size_t i = 0; i < noise.pixels.size(); ++i)
    noise.pixels[i] = static_cast<std::uint8_t>(i * 2654435761u >> 13);
  for (const std::string name : {"cut.png", "cut.jpg"}) {
    const auto file = path / name;
    name == "cut.png" ? write_png(file, noise) : write_jpeg(file, noise);
    const std::string whole = read_file(file);
    write(name, whole.substr(0, whole.size() / 2));
    check_fails([&] { read_image(file, 3); }, {name});
  }
}

// Cameras leave films there, and a preview in a JPEG's head has an end of its own.
BOOST_FIXTURE_TEST_CASE(a_jpeg_ends_at_its_end_marker, Folder) {
  write_jpeg(path / "a.jpg", plain(16, 16, 3, 90));
  const std::string whole = read_file(path / "a.jpg");
  const std::string table = std::string("\xff\xc4\x00\x13\x00", 5) + std::string(16, '\xff');
  write("film.jpg", whole + table + std::string(10000, 'x'));
  check_pixels(read_image(path / "film.jpg", 3), read_image(path / "a.jpg", 3).pixels);
  BOOST_TEST((read_image_size(path / "film.jpg") == ImageSize{16, 16}));
  std::string preview = whole;
  preview.insert(2, std::string("\xff\xe1\x00\x06\xff\xd8\xff\xd9", 8));
  write("preview.jpg", preview);
  BOOST_TEST(read_image(path / "preview.jpg", 3).width == 16);
  write("cut.jpg", preview.substr(0, preview.size() - 2));
  check_fails([&] { read_image(path / "cut.jpg", 3); }, {"cut.jpg", "end marker", "truncated"});
}

// Found by changing bytes of JPEGs at random under the sanitizers: the decoder would write past a
// table.
BOOST_FIXTURE_TEST_CASE(huffman_tables_with_too_many_codes_are_refused, Folder) {
  write_jpeg(path / "a.jpg", plain(16, 16, 3, 90));
  const std::string whole = read_file(path / "a.jpg");
  const std::size_t table = whole.find("\xff\xc4");
  BOOST_REQUIRE(table != std::string::npos);
  std::string many = whole;
  many[table + 5 + 14] = many[table + 5 + 15] =
      '\xff';  // behind marker, length and kind: the counts
  write("b.jpg", many);
  check_fails([&] { read_image(path / "b.jpg", 3); }, {"b.jpg", "at most 256 codes"});
  // The same tables once more, where a second scan might begin.
  write("c.jpg", whole.substr(0, whole.size() - 2) + many.substr(table));
  check_fails([&] { read_image(path / "c.jpg", 3); }, {"c.jpg", "at most 256 codes"});
  // In a comment they are not tables.
  std::string comment = whole;
  comment.insert(2, std::string("\xff\xfe\x00\x1e", 4) + many.substr(table, 28));
  write("d.jpg", comment);
  BOOST_TEST(read_image(path / "d.jpg", 3).width == 16);
}

BOOST_AUTO_TEST_CASE(names_of_images) {
  for (const char* name : {"a.jpg", "b.PNG", "c.JpEg"}) BOOST_TEST(is_image_name(name));
  for (const char* name : {"a.txt", "png", "a.jpg.tmp"}) BOOST_TEST(!is_image_name(name));
}

BOOST_AUTO_TEST_CASE(shrinking_averages_areas) {
  check_pixels(resize_smooth(grey(4, {0, 10, 20, 30, 100, 110, 120, 130}), {2, 1}), {55, 75});
  // 3 to 2: each output pixel covers one and a half: (2 * 0 + 90) / 3, (90 + 2 * 30) / 3.
  check_pixels(resize_smooth(grey(3, {0, 90, 30}), {2, 1}), {30, 50});
  check_pixels(resize_smooth(grey(1, {0, 90, 30}), {1, 2}), {30, 50});
  const Image plain_one = resize_smooth(plain(61, 47, 3, 255), {16, 13});
  for (const std::uint8_t pixel : plain_one.pixels) BOOST_TEST(pixel == 255);
}

BOOST_AUTO_TEST_CASE(growing_interpolates) {
  // Centres at -1/4, 1/4, 3/4, 5/4 of the input's.
  check_pixels(resize_smooth(grey(2, {0, 100}), {4, 1}), {0, 25, 75, 100});
  check_pixels(resize_smooth(grey(1, {0, 100}), {1, 4}), {0, 25, 75, 100});
  check_pixels(resize_smooth(grey(1, {9}), {3, 2}), {9, 9, 9, 9, 9, 9});
  // One axis grows, the other shrinks.
  check_pixels(resize_smooth(grey(2, {0, 100, 20, 120}), {4, 1}), {10, 35, 85, 110});
}

BOOST_AUTO_TEST_CASE(channels_do_not_mix) {
  const Image two{2, 1, 3, {0, 50, 200, 100, 70, 0}};
  check_pixels(resize_smooth(two, {1, 1}), {50, 60, 100});
  check_pixels(resize_nearest(two, {4, 1}), {0, 50, 200, 0, 50, 200, 100, 70, 0, 100, 70, 0});
}

BOOST_AUTO_TEST_CASE(the_nearest_is_where_the_centre_lies) {
  check_pixels(resize_nearest(grey(5, {0, 1, 2, 3, 4}), {3, 1}), {0, 2, 4});
  check_pixels(resize_nearest(grey(4, {0, 1, 2, 3}), {2, 1}), {1, 3});
  check_pixels(resize_nearest(grey(1, {5, 6}), {2, 3}), {5, 5, 6, 6, 6, 6});
}

BOOST_AUTO_TEST_SUITE_END()
