#include <boost/test/unit_test.hpp>
#include <cmath>

#include "common/temporary.hpp"
#include "reference/vector.hpp"
#include "train/model.hpp"
#include "train/recipes.hpp"
#include "train/standardise.hpp"
#include "train/stopped_run.hpp"
#include "train/train_run.hpp"

/// Vectors of features as a data set: what a session makes of them.
using namespace mapnet;
using namespace mapnet::test;

namespace {

constexpr int kRows = 34, kColumns = 16;
constexpr std::size_t kValues = kRows * kColumns;

/// Noise far from zero and of very different sizes, the classes a little apart in every feature.
struct Vectors : Folder {
  Vectors() {
    dataset.name = "celeb-df";
    dataset.task = Task::classify;
    dataset.floats = true;
    dataset.channels = 1, dataset.height = kRows, dataset.width = kColumns, dataset.classes = 2;
    dataset.class_names = {"real", "fake"};
    dataset.train = split("train", 40, 1);
    dataset.test = split("test", 20, 2);
  }

  DatasetSplit split(const std::string& name, std::size_t n, std::uint64_t seed) const {
    FeatureSplit files;
    files.values = kValues;
    const reference::Vector noise = reference::uniform(n * kValues, seed, -1, 1);
    for (std::size_t i = 0; i < n; ++i) {
      std::vector<float> values(kValues);
      const std::size_t label = i % 2;
      for (std::size_t k = 0; k < kValues; ++k)
        values[k] =
            static_cast<float>(1000.0 + static_cast<double>(k % 7 + 1) *
                                            (noise[i * kValues + k] + (label == 1 ? 0.5 : -0.5)));
      values[5] = 3;  // never changes
      const std::string key = name + std::to_string(i);
      write_features(path / key, key, values);
      files.samples.push_back({path / key, key, static_cast<std::uint8_t>(label)});
    }
    return {n, files};
  }

  RunConfig config() const {
    RunConfig c = small_run("direct");
    c.data = "celeb-df";
    c.batch = 8;
    c.epochs = 4;
    c.lr = 0.003;
    return c;
  }

  Dataset dataset;
  const Network net = build_network("cnn2", {1, kRows, kColumns, 2});
};

}  // namespace

BOOST_AUTO_TEST_SUITE(feature_training)

BOOST_AUTO_TEST_CASE(columns_are_standardised_by_the_listed_rows) {
  std::vector<float> values = {1, 5, 10, 3, 5, 10, 100, 7, 20};  // three rows of three
  const std::vector<std::uint32_t> rows = {1, 0};
  standardise(values, 3, rows);
  const std::vector<float> expected = {-1, 0, 0, 1, 0, 0, 98, 0, 0};
  BOOST_TEST(values == expected, boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(the_session_holds_standardised_vectors_and_labels, Vectors) {
  RunConfig c = config();
  c.validation = 10;
  const Session session(resolve(c, net), net, dataset, Purpose::train);
  std::vector<float> values(60 * kValues);
  std::vector<std::uint8_t> labels(60);
  std::vector<std::uint32_t> order(60);
  const RunSchedule& run = session.run_schedule();
  session.program().read<float>(values, run.samples.values);
  session.program().read<std::uint8_t>(labels, run.samples.labels);
  session.program().read<std::uint32_t>(order, run.samples.order);
  for (std::size_t i = 0; i < 60; ++i) BOOST_TEST(labels[i] == i % 2);
  for (std::size_t k = 0; k < kValues; ++k) {
    double sum = 0, squares = 0;
    for (std::size_t i = 0; i < 30; ++i) {
      const double v = static_cast<double>(values[order[i] * kValues + k]);
      sum += v, squares += v * v;
    }
    BOOST_TEST(std::abs(sum / 30) < 1e-4);
    BOOST_TEST(std::abs(squares / 30 - (k == 5 ? 0 : 1)) < 1e-4);
  }
}

BOOST_FIXTURE_TEST_CASE(cnn2_learns_them_and_the_model_evaluates_alike, Vectors) {
  for (const char* strategy : {"direct", "slvt"}) {
    RunConfig c = config();
    c.strategy = strategy;
    if (c.strategy == "slvt") c.latent = 256, c.lr = 0.02;
    const Recipe recipe = resolve(c, net);
    const RunResult r = train_run(recipe, net, dataset, {path / strategy});
    BOOST_TEST(r.test.accuracy > 0.9, strategy);
    const Metrics m =
        evaluate_model(open_model(path / strategy), dataset, Split::test, {c.device, c.threads});
    BOOST_TEST(m.accuracy == r.test.accuracy);
    BOOST_TEST(m.loss == r.test.loss);
  }
}

BOOST_FIXTURE_TEST_CASE(other_features_or_labels_are_refused_by_a_run_that_goes_on, Vectors) {
  RunConfig c = config();
  c.epochs = 1;
  const Recipe recipe = resolve(c, net);
  RunControl control{.folder = path / "run"};
  stop_after(recipe, net, dataset, control, 2);
  control.resume = true;
  const auto resume = [&] { train_run(recipe, net, dataset, control); };
  const std::string whole = read_file(path / "test7");
  write_features(path / "test7", "test7", std::vector<float>(kValues, 1000));
  check_fails(resume, {"cannot resume", "the set of features is not the one", "--features-cache"});
  write_file_atomic(path / "test7", whole);
  auto& labels = std::get<FeatureSplit>(dataset.train.files).samples;
  labels[3].label ^= 1;
  check_fails(resume, {"cannot resume", "the set of labels is not the one", "--data-dir"});
  labels[3].label ^= 1;
  BOOST_CHECK_NO_THROW(resume());
}

BOOST_FIXTURE_TEST_CASE(what_changes_images_is_refused, Vectors) {
  RunConfig c = config();
  c.regularisation.flip = true;
  check_fails<UsageError>([&] { resolve(c, net); }, {"--augment-flip", "videos"});
}

BOOST_AUTO_TEST_SUITE_END()
