#include "data/picture_memory.hpp"

#include <boost/test/unit_test.hpp>

#include "common/heap_watch.hpp"
#include "common/temporary.hpp"
#include "data/made_pictures.hpp"
#include "data/picture_files.hpp"
#include "reference/vector.hpp"

/// What is foretold of reading a picture, beside what the heap then had.
using namespace mapnet;
using namespace mapnet::test;

namespace {

constexpr ImageSize kSize = {1999, 1001};

/// Never less than is taken, nor far more.
void check_foretold(const std::filesystem::path& file, int channels) {
  const std::size_t foretold = reading_bytes(file);
  HeapWatch::start();
  const std::size_t pixels = read_image(file, channels).pixels.size();
  const auto taken = static_cast<std::size_t>(HeapWatch::stop().peak);
  BOOST_TEST_MESSAGE(file.filename().string() << ": " << taken << " bytes of " << foretold);
  BOOST_TEST(pixels == static_cast<std::size_t>(kSize.width * kSize.height * channels));
  BOOST_TEST(taken <= foretold, file.filename().string());
  BOOST_TEST(foretold <= 2 * taken, file.filename().string());
}

Image noise(int channels) {
  Image image{kSize.width, kSize.height, channels, {}};
  const auto size = static_cast<std::size_t>(kSize.width * kSize.height * channels);
  for (const double value : reference::uniform(size, 5, 0, 255))
    image.pixels.push_back(static_cast<std::uint8_t>(value));
  return image;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(picture_memory)

BOOST_FIXTURE_TEST_CASE(what_programs_write_takes_what_is_foretold, Folder) {
  write_png(path / "noise.png", noise(3));
  write_png(path / "plain.png", plain(kSize.width, kSize.height, 3, 7));
  write_png(path / "alpha.png", noise(4));
  write_png(path / "labels.png", noise(1));
  write_jpeg(path / "noise.jpg", noise(3));
  write_jpeg(path / "plain.jpg", plain(kSize.width, kSize.height, 3, 7));
  write_jpeg(path / "grey.jpg", plain(kSize.width, kSize.height, 1, 7));
  for (const char* name :
       {"noise.png", "plain.png", "alpha.png", "labels.png", "noise.jpg", "plain.jpg", "grey.jpg"})
    check_foretold(path / name, 3);
}

BOOST_FIXTURE_TEST_CASE(so_do_the_rarer_kinds, Folder) {
  using enum PngColour;
  for (const PngColour colour : {grey, rgb, palette, grey_alpha, rgba})
    for (const int bits : {1, 8, 16})
      for (const bool interlaced : {false, true}) {
        const bool defined = bits == 8 || (bits == 16 && colour != palette) ||
                             (bits == 1 && (colour == grey || colour == palette));
        if (!defined) continue;
        const std::string name = "kind" + std::to_string(static_cast<int>(colour)) + "bits" +
                                 std::to_string(bits) + (interlaced ? "interlaced" : "") + ".png";
        check_foretold(write(name, made_png(kSize, colour, bits, interlaced)), 3);
      }
  for (const PngColour colour : {rgb, rgba}) {  // rows behind the last
    std::string bytes = made_png({kSize.width, kSize.height + 20}, colour, 8, false);
    constexpr std::size_t height_at = 20;
    bytes[height_at + 2] = static_cast<char>(kSize.height >> 8);
    bytes[height_at + 3] = static_cast<char>(kSize.height & 0xff);
    check_foretold(write("more" + std::to_string(static_cast<int>(colour)) + ".png", bytes), 3);
  }
  std::string scans;
  for (const int component : {1, 2, 3}) scans += jpeg_scan(component, 0, 0, 1000);
  for (const int kind : {kProgressive, kBaseline})
    check_foretold(write(kind == kBaseline ? "baseline.jpg" : "progressive.jpg",
                         jpeg_head(kind, kSize, {1, 2, 3}) + scans + jpeg_end),
                   3);
}

// Apple's tools write a chunk of their own before it.
BOOST_FIXTURE_TEST_CASE(a_pngs_header_may_be_the_second_chunk, Folder) {
  const std::string png = made_png({99, 99}, PngColour::rgba, 8, false);
  const std::string apples = text_of({0, 0, 0, 4}) + "CgBI" + std::string(8, '\0');
  const std::size_t bytes = reading_bytes(write("a.png", png));
  BOOST_TEST(bytes > 99 * 99 * 3u);
  BOOST_TEST(reading_bytes(write("b.png", png.substr(0, 8) + apples + png.substr(8))) >= bytes);
}

BOOST_FIXTURE_TEST_CASE(a_jpegs_header_is_found_behind_whatever_comes_first, Folder) {
  const std::string frame = jpeg_head(kBaseline, kSize, {1, 2, 3});
  const std::size_t bytes = reading_bytes(write("a.jpg", frame));
  const std::string comment = jpeg_segment(0xfe, std::string(60'000, '\xff'));
  const std::string padded =
      frame.substr(0, 2) + comment + "\xff\xff" + comment + "no segment" + frame.substr(2);
  BOOST_TEST(reading_bytes(write("b.jpg", padded)) - bytes == 2 * 60'004u + 12);
}

// They are told by whoever reads them.
BOOST_FIXTURE_TEST_CASE(what_is_no_picture_is_foretold_nothing, Folder) {
  BOOST_TEST(reading_bytes(path / "absent.png") == 0u);
  BOOST_TEST(reading_bytes(path) == 0u);
  BOOST_TEST(reading_bytes(write("empty.png", "")) == 0u);
  BOOST_TEST(reading_bytes(write("text.png", "no picture, though as long as one's header")) == 0u);
  BOOST_TEST(reading_bytes(write("cut.png", png_header(9, 9, 8, 2).substr(0, 20))) == 0u);
  BOOST_TEST(reading_bytes(write("huge.png", png_header(1u << 30, 1u << 30, 8, 2))) == 0u);
  BOOST_TEST(reading_bytes(write("none.png", png_header(0, 9, 8, 2))) == 0u);
  const std::string jpeg = jpeg_head(kBaseline, kSize, {1});
  BOOST_TEST(reading_bytes(write("cut.jpg", jpeg.substr(0, 75))) == 0u);
  BOOST_TEST(reading_bytes(write("padding.jpg", jpeg.substr(0, 2) + std::string(9999, '\xff'))) ==
             0u);
}

BOOST_AUTO_TEST_SUITE_END()
