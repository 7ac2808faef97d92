#include "data/cifar.hpp"

#include <boost/test/unit_test.hpp>

#include "common/temporary.hpp"
#include "data/dataset.hpp"

using namespace mapnet;
using namespace mapnet::test;
namespace fs = std::filesystem;

namespace {

/// A record whose pixels are `value` in the red, value + 1 in the green, value + 2 in the blue
/// plane.
std::string record(const std::string& labels, int value) {
  std::string bytes = labels;
  for (int plane = 0; plane < 3; ++plane)
    bytes += std::string(1024, static_cast<char>(value + plane));
  return bytes;
}

struct Cifar10 : Folder {
  const std::string in = "cifar-10-batches-bin/";
  Cifar10() {
    for (char batch = 0; batch < 5; ++batch)
      write(in + "data_batch_" + std::to_string(batch + 1) + ".bin",
            record({batch}, 10 * batch) + record({static_cast<char>(batch + 5)}, 10 * batch + 5));
    write(in + "test_batch.bin", record({9}, 200));
  }
  Dataset open() const { return open_dataset("cifar10", {.folder = path}); }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(cifar)

BOOST_FIXTURE_TEST_CASE(five_batches_are_read_in_order, Cifar10) {
  const Dataset d = open();
  BOOST_TEST((d.task == Task::classify));
  BOOST_TEST(d.classes == 10);
  BOOST_TEST(d.train.count == 10u);
  BOOST_TEST(d.test.count == 1u);
  std::vector<std::uint8_t> labels(10), pixels(10 * 3072), test(3072);
  read_labels(d, d.train, labels);
  BOOST_TEST(labels == (std::vector<std::uint8_t>{0, 5, 1, 6, 2, 7, 3, 8, 4, 9}),
             boost::test_tools::per_element());
  read_pixels(d, d.train, pixels);
  for (std::size_t i = 0; i < pixels.size(); ++i)
    BOOST_REQUIRE(pixels[i] == 5 * (i / 3072) + i % 3072 / 1024);
  read_pixels(d, d.test, test);
  BOOST_TEST(test.front() == 200);
  BOOST_TEST(test.back() == 202);
}

BOOST_FIXTURE_TEST_CASE(the_inner_folder_itself_will_do, Cifar10) {
  BOOST_TEST(open_dataset("cifar10", {.folder = path / in}).train.count == 10u);
}

BOOST_FIXTURE_TEST_CASE(the_fine_label_of_cifar_100_is_used, Folder) {
  write("cifar-100-binary/train.bin", record({19, 99}, 1) + record({0, 3}, 2));
  write("cifar-100-binary/test.bin", record({5, 42}, 3));
  const Dataset d = open_dataset("cifar100", {.folder = path});
  BOOST_TEST(d.classes == 100);
  BOOST_TEST(d.class_names[19] == "cattle");  // the publisher's label of the first training record
  BOOST_TEST(d.class_names[99] == "worm");
  std::vector<std::uint8_t> labels(2), pixels(2 * 3072);
  read_labels(d, d.train, labels);
  BOOST_TEST(labels == (std::vector<std::uint8_t>{99, 3}), boost::test_tools::per_element());
  read_pixels(d, d.train, pixels);
  BOOST_TEST(pixels[0] == 1);
  BOOST_TEST(pixels[3072] == 2);
  BOOST_TEST(pixels[2 * 3072 - 1] == 4);
}

BOOST_FIXTURE_TEST_CASE(broken_files_are_named, Cifar10) {
  const auto cut = write(in + "data_batch_3.bin", record({1}, 0).substr(1));
  check_fails([&] { open(); }, {cut.string(), "records of 3073 bytes", "a file of 3072"});
  write(in + "data_batch_3.bin", "");
  check_fails([&] { open(); }, {cut.string(), "records of 3073 bytes", "a file of 0"});
}

BOOST_FIXTURE_TEST_CASE(missing_files_are_listed_with_where_they_may_lie, Cifar10) {
  fs::remove(path / in / "data_batch_3.bin");
  fs::remove(path / in / "test_batch.bin");
  check_fails([&] { open(); }, {"cifar-10-batches-bin: expected 6 files there, found 4 of them",
                                "missing: data_batch_3.bin, test_batch.bin"});
  fs::remove_all(path / in);
  check_fails([&] { open(); },
              {path.string() + ": expected 6 files there or in its cifar-10-batches-bin, found 0"});
}

BOOST_FIXTURE_TEST_CASE(a_label_that_is_no_class_is_named, Cifar10) {
  const auto file = write(in + "data_batch_2.bin", record({1}, 0) + record({10}, 0));
  const Dataset d = open();
  std::vector<std::uint8_t> labels(10);
  check_fails([&] { read_labels(d, d.train, labels); },
              {file.string(), "labels below 10", "found 10 in record 1"});
}

BOOST_FIXTURE_TEST_CASE(a_file_that_changed_is_refused, Cifar10) {
  const Dataset d = open();
  const auto file = write(in + "data_batch_5.bin", record({1}, 0));
  std::vector<std::uint8_t> labels(10);
  check_fails([&] { read_labels(d, d.train, labels); },
              {file.string(), "expected 2 records", "found 3073 bytes"});
}

BOOST_AUTO_TEST_SUITE_END()
