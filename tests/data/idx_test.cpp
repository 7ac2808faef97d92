#include "data/idx.hpp"

#include <boost/test/unit_test.hpp>
#include <vector>

#include "common/idx_files.hpp"
#include "common/temporary.hpp"

using namespace mapnet;
using namespace mapnet::test;

BOOST_AUTO_TEST_SUITE(idx_files)

BOOST_FIXTURE_TEST_CASE(a_good_file_reads_back, Folder) {
  const auto images = open_idx_images(write("x", idx({images_magic, 2, 3, 4}, counting(24))));
  BOOST_TEST(images.count == 2u);
  BOOST_TEST(images.height == 3u);
  BOOST_TEST(images.width == 4u);
  std::vector<std::uint8_t> pixels(24);
  read_idx(images, pixels);
  for (std::size_t i = 0; i < pixels.size(); ++i) BOOST_TEST(pixels[i] == i);

  const auto labels = open_idx_labels(write("y", idx({labels_magic, 3}, {2, 0, 1})));
  BOOST_TEST(labels.count == 3u);
  std::vector<std::uint8_t> classes(3);
  read_idx(labels, 3, classes);
  BOOST_TEST(classes == (std::vector<std::uint8_t>{2, 0, 1}), boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(sizes_are_read_big_endian_in_full, Folder) {
  const auto labels = open_idx_labels(write("y", idx({labels_magic, 66051}, counting(66051))));
  BOOST_TEST(labels.count == 0x010203u);
}

BOOST_FIXTURE_TEST_CASE(a_wrong_magic_is_refused, Folder) {
  const auto labels = write("y", idx({labels_magic, 24}, counting(24)));
  check_fails([&] { open_idx_images(labels); },
              {labels.string(), "expected the IDX magic 0x00000803 (images)", "found 0x00000801"});
  const auto floats = write("f", idx({0x00000d01, 4}, counting(16)));
  check_fails([&] { open_idx_labels(floats); },
              {floats.string(), "expected the IDX magic 0x00000801 (labels)", "found 0x00000d01"});
}

BOOST_FIXTURE_TEST_CASE(a_cut_header_is_refused, Folder) {
  const auto file = write("x", idx({images_magic, 2, 3}, ""));
  check_fails([&] { open_idx_images(file); },
              {file.string(), "expected an IDX header of 16 bytes", "found a file of 12"});
  const auto empty = write("e", "");
  check_fails([&] { open_idx_labels(empty); }, {empty.string(), "8 bytes", "found a file of 0"});
}

BOOST_FIXTURE_TEST_CASE(a_truncated_file_is_refused, Folder) {
  const auto file = write("x", idx({images_magic, 2, 3, 4}, counting(23)));
  check_fails([&] { open_idx_images(file); },
              {file.string(), "expected 2 x 3 x 4 bytes", "found 23", "truncated"});
}

BOOST_FIXTURE_TEST_CASE(trailing_bytes_are_refused, Folder) {
  const auto file = write("y", idx({labels_magic, 3}, counting(5)));
  check_fails([&] { open_idx_labels(file); },
              {file.string(), "expected 3 = 3 bytes", "found 5", "2 too many"});
}

BOOST_FIXTURE_TEST_CASE(sizes_of_zero_or_past_all_memory_are_refused, Folder) {
  const auto none = write("n", idx({images_magic, 0, 28, 28}, ""));
  check_fails([&] { open_idx_images(none); },
              {none.string(), "expected sizes above 0", "found 0 x 28 x 28"});
  // 2^32 - 1 cubed does not fit in 64 bits.
  const auto huge = write("h", idx({images_magic, ~0u, ~0u, ~0u}, counting(10)));
  check_fails([&] { open_idx_images(huge); },
              {huge.string(), "4294967295 x 4294967295 x 4294967295", "found 10", "truncated"});
}

BOOST_FIXTURE_TEST_CASE(a_label_out_of_range_is_refused_with_its_index, Folder) {
  const auto labels = open_idx_labels(write("y", idx({labels_magic, 4}, {9, 0, 10, 1})));
  std::vector<std::uint8_t> out(4);
  check_fails([&] { read_idx(labels, 10, out); },
              {labels.file.string(), "expected labels below 10", "found 10 at index 2"});
}

BOOST_FIXTURE_TEST_CASE(a_buffer_of_another_size_is_refused, Folder) {
  const auto images = open_idx_images(write("x", idx({images_magic, 2, 3, 4}, counting(24))));
  std::vector<std::uint8_t> out(25);
  check_fails([&] { read_idx(images, out); },
              {images.file.string(), "expected a buffer of 24 bytes", "found 25"});
}

BOOST_FIXTURE_TEST_CASE(a_missing_file_or_a_folder_is_named, Folder) {
  check_fails([&] { open_idx_images(path / "absent"); },
              {(path / "absent").string(), "cannot open", "No such file"});
  check_fails([&] { open_idx_images(path); }, {path.string(), "expected a regular file"});
}

BOOST_FIXTURE_TEST_CASE(a_file_cut_after_it_was_opened_is_refused, Folder) {
  const auto images = open_idx_images(write("x", idx({images_magic, 2, 3, 4}, counting(24))));
  std::filesystem::resize_file(images.file, 30);
  std::vector<std::uint8_t> out(24);
  check_fails([&] { read_idx(images, out); },
              {images.file.string(), "expected 40 bytes", "found the end after 30"});
}

BOOST_AUTO_TEST_SUITE_END()
