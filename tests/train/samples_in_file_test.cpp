#include <boost/test/unit_test.hpp>
#include <cstdlib>

#include "common/error.hpp"
#include "data/sample_file.hpp"
#include "train/model.hpp"
#include "train/recipes.hpp"
#include "train/stopped_run.hpp"
#include "train/toy_data.hpp"
#include "train/trained_twice.hpp"

/// Samples that each step reads from a file are the same samples.
using namespace mapnet;
using namespace mapnet::test;

namespace {

RunConfig from_file(RunConfig config) {
  config.footprint.samples = "file";
  return config;
}

/// Within its life temporary files go to `folder`.
class TemporariesIn {
 public:
  explicit TemporariesIn(const char* folder) { ::setenv("TMPDIR", folder, 1); }
  ~TemporariesIn() { ::unsetenv("TMPDIR"); }
};

}  // namespace

BOOST_AUTO_TEST_CASE(samples_from_a_file_change_no_bit) {
  const ToyData data(90, 37);
  const ToyPictures pictures(16, 11, 3);
  const ToyCifar cifar(13, 7);
  RunConfig config = small_run("slvt");
  config.validation = 21;
  config.regularisation = {.shift = 2, .flip = true, .cutout = 8};
  const Trained in_memory = trained(config, data.dataset),
                streamed = trained(from_file(config), data.dataset);
  BOOST_TEST(in_memory.same_bits(streamed));
  BOOST_TEST(in_memory.arena_bytes > streamed.arena_bytes + (90 + 37 - 16) * 784 - 4096);
  config.footprint.micro_batch = 5;
  BOOST_TEST(trained(config, data.dataset).same_bits(trained(from_file(config), data.dataset)));

  for (const auto& [net, dataset] :
       {std::pair("cnn3", &pictures.dataset), std::pair("resnet18-cifar", &cifar.dataset)}) {
    if (testing_cuda()) return;  // minutes on an emulated GPU; it has had the images above
    RunConfig other = toy_run(net, *dataset, "slvt");
    other.batch = 4;
    BOOST_TEST(trained(other, *dataset).same_bits(trained(from_file(other), *dataset)), net);
  }
}

BOOST_AUTO_TEST_CASE(an_int8_evaluation_finds_its_samples_in_a_file) {
  const ToyData data(60, 20);
  const auto int8_loss = [&](RunConfig config) {
    config.add_ons.quantize = "int8";
    Session session(recipe_of(config), network("cnn2"), data.dataset, Purpose::train);
    session.train_epoch(0);
    session.train_epoch(1);
    return session.evaluate_int8(Split::test).loss;
  };
  BOOST_TEST(int8_loss(small_run("slvt")) == int8_loss(from_file(small_run("slvt"))));
}

BOOST_AUTO_TEST_CASE(a_stored_model_is_evaluated_in_as_little_memory) {
  const ToyData data(60, 20);
  const Folder scratch;
  RunConfig config = from_file(small_run("slvt"));
  config.footprint.micro_batch = 4;
  const RunResult result = train_run(recipe_of(config), network_of(config), data.dataset,
                                     {.folder = scratch.path / "run"});
  const Model model = open_model(scratch.path / "run");
  BOOST_TEST((model.file.recipe.footprint == recipe_of(config).footprint));
  const Metrics again =
      evaluate_model(model, data.dataset, Split::test, {.device = config.device, .threads = 2});
  BOOST_TEST(again.loss == result.test.loss);
}

BOOST_AUTO_TEST_CASE(a_file_of_samples_returns_them_and_leaves_nothing_behind) {
  const Folder scratch;
  const TemporariesIn folder(scratch.path.c_str());
  const SampleFile file(5, 3, 2);
  BOOST_TEST(std::filesystem::is_empty(scratch.path));
  const std::vector<std::uint8_t> pixels = {1, 2, 3}, labels = {4, 5};
  file.write(4, pixels, labels);
  file.write(0, {{7, 7, 7}}, {{8, 8}});
  std::vector<std::uint8_t> read_pixels(3), read_labels(2);
  file.read(4, read_pixels, read_labels);
  BOOST_TEST(read_pixels == pixels, boost::test_tools::per_element());
  BOOST_TEST(read_labels == labels, boost::test_tools::per_element());
  file.read(1, read_pixels, read_labels);  // never written
  BOOST_TEST(read_pixels[0] == 0);
  check_fails<Error>([&] { file.read(5, read_pixels, read_labels); }, {"sample 5"});
  check_fails<Error>([&] { file.write(0, labels, labels); }, {"sample 0"});
}

BOOST_AUTO_TEST_CASE(a_folder_without_room_is_named) {
  const TemporariesIn folder("/nowhere/at/all");
  check_fails<Error>([] { SampleFile(5, 3, 2); }, {"/nowhere/at/all", "TMPDIR", "25 B"});
}

BOOST_AUTO_TEST_CASE(what_stays_in_memory_is_refused_by_name) {
  RunConfig config;
  config.net = "lstm";
  config.data = "beijing-pm25";
  config.footprint.samples = "file";
  const Network lstm = build_network("lstm", {24, 1, 1, 1});
  check_fails<UsageError>([&] { resolve(config, lstm); }, {"--samples"});
  // Also where nothing says yet by which weights features are made: enough to plan.
  config.net = "cnn2";
  config.data = "celeb-df";
  const Network of_features = build_network("cnn2", {1, 34, 64, 2});
  check_fails<UsageError>([&] { resolve(config, of_features); }, {"--samples", "videos"});
  RunConfig unknown = small_run("slvt");
  unknown.footprint.samples = "tape";
  check_fails<UsageError>([&] { recipe_of(unknown); }, {"--samples", "tape"});
}
