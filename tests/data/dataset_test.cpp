#include "data/dataset.hpp"

#include <boost/test/unit_test.hpp>
#include <vector>

#include "common/idx_files.hpp"
#include "common/temporary.hpp"
#include "data/manifest.hpp"
#include "data/store.hpp"

using namespace mapnet;
using namespace mapnet::test;
namespace fs = std::filesystem;

namespace {

/// A folder with a whole small dataset: 3 images to train on, 2 to test.
struct RawFiles : Folder {
  RawFiles() {
    write("train-images-idx3-ubyte", idx({images_magic, 3, 28, 28}, counting(3 * 784)));
    write("train-labels-idx1-ubyte", idx({labels_magic, 3}, {9, 0, 5}));
    write("t10k-images-idx3-ubyte", idx({images_magic, 2, 28, 28}, counting(2 * 784)));
    write("t10k-labels-idx1-ubyte", idx({labels_magic, 2}, {1, 2}));
  }
};

/// No object store but one folder of ours.
struct OwnStore : Folder {
  Environment stores{"MAPNET_OBJECT_STORES", path.c_str()};
  Environment cache{"XDG_CACHE_HOME", path.c_str()};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(dataset)

BOOST_AUTO_TEST_CASE(manifests_are_embedded) {
  for (const std::string name : {"mnist", "fashion-mnist"}) {
    const DatasetManifest& manifest = dataset_manifest(name);
    BOOST_TEST(manifest.class_names.size() == 10u);
    BOOST_TEST(manifest.train_count == 60000u);
    BOOST_TEST(manifest.test_count == 10000u);
    BOOST_TEST(manifest.files.size() == 4u);
    for (const ManifestFile& file : manifest.files) BOOST_TEST(file.sha256.size() == 64u);
  }
  BOOST_TEST(dataset_manifest("fashion-mnist").class_names.back() == "Ankle boot");
}

BOOST_AUTO_TEST_CASE(an_unknown_name_lists_the_known_ones) {
  check_fails<UsageError>([] { open_dataset("minst"); },
                          {"unknown dataset 'minst'", "fashion-mnist, "});
}

BOOST_FIXTURE_TEST_CASE(raw_files_in_a_folder_read_back, RawFiles) {
  const Dataset data = open_dataset("mnist", {.folder = path});
  BOOST_TEST(data.name == "mnist");
  BOOST_TEST(data.channels * data.height * data.width == 784);
  BOOST_TEST(data.classes == 10);
  BOOST_TEST(data.train.count == 3u);
  BOOST_TEST(data.test.count == 2u);
  std::vector<std::uint8_t> pixels(3 * 784), labels(3);
  read_pixels(data, data.train, pixels);
  BOOST_TEST(pixels[784 + 5] == (784 + 5) % 256);
  read_labels(data, data.train, labels);
  BOOST_TEST(labels == (std::vector<std::uint8_t>{9, 0, 5}), boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(images_of_another_shape_are_refused, RawFiles) {
  const auto file = write("t10k-images-idx3-ubyte", idx({images_magic, 2, 14, 56}, counting(1568)));
  check_fails([&] { open_dataset("mnist", {.folder = path}); },
              {file.string(), "expected images of 28 x 28 (mnist)", "found 14 x 56"});
}

BOOST_FIXTURE_TEST_CASE(another_number_of_labels_is_refused, RawFiles) {
  const auto file = write("train-labels-idx1-ubyte", idx({labels_magic, 2}, {9, 0}));
  check_fails([&] { open_dataset("mnist", {.folder = path}); },
              {file.string(), "expected 3 labels", "train-images-idx3-ubyte", "found 2"});
}

BOOST_FIXTURE_TEST_CASE(a_label_that_is_no_class_is_refused, RawFiles) {
  const auto file = write("train-labels-idx1-ubyte", idx({labels_magic, 3}, {9, 10, 5}));
  const Dataset data = open_dataset("mnist", {.folder = path});
  std::vector<std::uint8_t> labels(3);
  check_fails([&] { read_labels(data, data.train, labels); },
              {file.string(), "expected labels below 10", "found 10 at index 1"});
}

BOOST_FIXTURE_TEST_CASE(a_file_replaced_after_opening_is_refused, RawFiles) {
  const Dataset data = open_dataset("mnist", {.folder = path});
  const auto file = write("t10k-images-idx3-ubyte", idx({images_magic, 1, 28, 28}, counting(784)));
  std::vector<std::uint8_t> pixels(2 * 784);
  check_fails([&] { read_pixels(data, data.test, pixels); },
              {file.string(), "expected 2 items", "found 1"});
}

BOOST_FIXTURE_TEST_CASE(missing_raw_files_are_listed, RawFiles) {
  const auto open = [&] { open_dataset("mnist", {.folder = path}); };
  fs::remove(path / "t10k-labels-idx1-ubyte");
  check_fails(open, {path.string() + ": expected 4 files there, found 3 of them",
                     "missing: t10k-labels-idx1-ubyte"});
  // As they are downloaded.
  for (const ManifestFile& file : dataset_manifest("mnist").files) {
    fs::remove(path / file.name);
    write(file.name + ".gz", "packed");
  }
  check_fails(open, {path.string(), "found 0 of them", "train-images-idx3-ubyte, ", "gunzip"});
}

BOOST_FIXTURE_TEST_CASE(a_folder_that_is_not_there_is_no_folder_without_files, Folder) {
  write("file", "");
  for (const char* name : {"mnist", "cifar10", "cifar100", "beijing-pm25"}) {
    check_fails([&] { open_dataset(name, {.folder = path / "none"}); },
                {"--data-dir " + (path / "none").string() + ": no such folder"});
    check_fails([&] { open_dataset(name, {.folder = path / "file"}); },
                {"--data-dir " + (path / "file").string() + ": expected a folder, found a file"});
  }
}

BOOST_FIXTURE_TEST_CASE(an_absent_dataset_says_how_to_get_it, OwnStore) {
  check_fails([] { open_dataset("mnist"); },
              {"mnist/train-images-idx3-ubyte", "no object store", "mapnet data fetch mnist"});
  check_fails([] { open_dataset("cifar10"); },
              {"cifar10: lies in no object store. Unpack https:", "--data-dir"});
}

// Beijing's has a hash and no source.
BOOST_FIXTURE_TEST_CASE(what_cannot_be_fetched_says_where_people_get_it, OwnStore) {
  for (const DatasetManifest& m : dataset_manifests())
    BOOST_TEST(m.fetchable == (m.name == "mnist" || m.name == "fashion-mnist"), m.name);
  const std::string how = how_to_get(dataset_manifest("beijing-pm25"));
  BOOST_TEST(how.find("data fetch") == std::string::npos, how);
  check_fails([] { open_dataset("beijing-pm25"); },
              {"beijing-pm25/pollution.csv", "no object store", "). Download https:", "--data-dir",
               "archive.ics.uci.edu"});
}

BOOST_FIXTURE_TEST_CASE(a_damaged_object_in_a_store_is_refused, OwnStore) {
  // Its structure is sound: only the hash gives it away.
  const std::string hash = dataset_manifest("mnist").files[0].sha256;
  const auto object = write("SHA256/" + hash, idx({images_magic, 3, 28, 28}, counting(3 * 784)));
  check_fails([] { open_dataset("mnist"); },
              {object.string(), "expected SHA-256 " + hash, "found "});
}

BOOST_AUTO_TEST_CASE(fashion_mnist_as_published) {
  const DatasetManifest& manifest = dataset_manifest("fashion-mnist");
  for (const ManifestFile& file : manifest.files) {
    if (find_object(file.sha256)) continue;
    BOOST_TEST_MESSAGE("skipped: FashionMNIST is absent; run `mapnet data fetch fashion-mnist`");
    return;
  }
  const Dataset data = open_dataset("fashion-mnist");
  BOOST_TEST(data.train.count == 60000u);
  BOOST_TEST(data.test.count == 10000u);

  std::vector<std::uint8_t> labels(60000);
  read_labels(data, data.train, labels);
  const std::vector<std::uint8_t> first = {9, 0, 0, 3, 0, 2, 7, 2, 5, 5};
  labels.resize(first.size());
  BOOST_TEST(labels == first, boost::test_tools::per_element());

  std::vector<std::uint8_t> pixels(10000 * 784);
  read_pixels(data, data.test, pixels);
  double mean = 0;
  for (const std::uint8_t pixel : pixels) mean += pixel / 255.0;
  BOOST_TEST(mean / static_cast<double>(pixels.size()) == 0.2868,
             boost::test_tools::tolerance(1e-3));
}

BOOST_AUTO_TEST_SUITE_END()
