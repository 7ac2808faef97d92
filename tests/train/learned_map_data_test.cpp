#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "common/bytes.hpp"
#include "common/compare.hpp"
#include "data/content_hash.hpp"
#include "data/sha256.hpp"
#include "train/learned_runs.hpp"
#include "train/maps/map_source.hpp"
#include "train/sample_order.hpp"
#include "train/toy_tasks.hpp"

/// What a map is learned from: which samples, told by their hash, and how their inputs are scaled.
using namespace mapnet;
using namespace mapnet::test;

namespace {

/// Vectors of features as videos come to, the later ones larger.
struct ToyVectors : Folder {
  static constexpr int kRows = 34, kColumns = 16;

  ToyVectors() {
    dataset.name = "celeb-df";
    dataset.floats = true;
    dataset.channels = 1, dataset.height = kRows, dataset.width = kColumns, dataset.classes = 2;
    dataset.train = split("train", 12);
    dataset.test = split("test", 4);
  }

  Dataset dataset;

 private:
  DatasetSplit split(const std::string& name, std::size_t n) const {
    FeatureSplit files;
    files.values = kRows * kColumns;
    for (std::size_t i = 0; i < n; ++i) {
      const reference::Vector noise =
          reference::uniform(files.values, 60 + i, 0, 1 + static_cast<double>(i));
      const std::vector<float> values(noise.begin(), noise.end());
      const std::string key = name + std::to_string(i);
      write_features(path / key, key, values);
      files.samples.push_back({path / key, key, static_cast<std::uint8_t>(i % 2)});
    }
    return {n, files};
  }
};

std::vector<float> inputs_of(const Session& session, const Dataset& d) {
  std::vector<float> values(sample_format(d).n_values);
  session.program().read<float>(values, session.run_schedule().samples.values);
  return values;
}

/// That a network which a map is learned with reads its inputs as `run` does.
void check_scaled_alike(const Session& learning, const Session& run, const Dataset& d) {
  if (d.floats) {
    BOOST_TEST(same_bits(inputs_of(learning, d), inputs_of(run, d)));
    return;
  }
  BOOST_TEST(learning.pixels().mean == run.pixels().mean);
  BOOST_TEST(learning.pixels().stddev == run.pixels().stddev);
  const StepControl read = learning.control(), expected = run.control();
  BOOST_TEST(read.pixel_scale[0] == expected.pixel_scale[0]);
  BOOST_TEST(read.pixel_shift[0] == expected.pixel_shift[0]);
}

void check_scaled_as_the_run(const RunConfig& config, const Network& net, const Dataset& d) {
  const Recipe recipe = resolve(config, net);
  const MapSource source(recipe, net, d, make_map(net, recipe.mapping), {});
  RunConfig direct = config;  // its samples are the same, and it learns no map first
  direct.strategy = "direct";
  direct.map.reset();
  direct.latent.reset();
  direct.learned_map = {};
  check_scaled_alike(source.session(), Session(resolve(direct, net), net, d, Purpose::train), d);
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_hash_of_the_data_is_of_every_training_sample) {
  const std::string hash = training_samples_sha256(digits().dataset);
  BOOST_TEST(hash.size() == 64u);
  BOOST_TEST(hash == training_samples_sha256(ToyData(42, 30).dataset));  // other test samples
  BOOST_TEST(hash != training_samples_sha256(ToyData(41, 20).dataset));
  // More than one stretch of 1,024 samples: the last counts too.
  BOOST_TEST(training_samples_sha256(ToyData(1500, 10).dataset) !=
             training_samples_sha256(ToyData(1501, 10).dataset));
}

BOOST_AUTO_TEST_CASE(the_hash_of_features_is_of_their_labels_too) {
  const ToyVectors vectors;
  Dataset other = vectors.dataset;
  BOOST_TEST(training_samples_sha256(other) == training_samples_sha256(vectors.dataset));
  std::get<FeatureSplit>(other.train.files).samples[11].label = 0;
  BOOST_TEST(training_samples_sha256(other) != training_samples_sha256(vectors.dataset));
}

// Results name it.
BOOST_AUTO_TEST_CASE(the_hash_of_a_series_is_that_of_its_values) {
  const ToySeries series(120);
  BOOST_TEST(training_samples_sha256(series.dataset) ==
             sha256_of_text(bytes_of(read_series(series.dataset).values)));
}

BOOST_AUTO_TEST_CASE(samples_that_are_set_aside_are_not_learned_from) {
  const Dataset& d = digits().dataset;
  RunConfig config = learned_run("gradient");
  config.validation = 10;
  const auto trained_on = [&](const Recipe& recipe) {
    std::vector<std::uint32_t> order(d.train.count);
    fill_sample_order(order, split_samples(recipe, d), recipe.seed, 0);
    order.resize(d.train.count - recipe.validation);
    std::ranges::sort(order);
    return order;
  };
  const std::vector<std::uint32_t> run = trained_on(recipe_of(config));
  const auto learned_from = [&] { return trained_on(learning_recipe(recipe_of(config), d)); };
  for (const std::uint64_t seed : {1u, 9u}) {  // another start, or a map that is learned again
    config.learned_map.seed = seed;
    config.learned_map.samples.reset();
    BOOST_TEST((learned_from() == run), "seed " << seed);
    config.learned_map.samples = 12;
    BOOST_TEST(learned_from().size() == 12u);
    BOOST_TEST(std::ranges::includes(run, learned_from()));
  }
}

BOOST_AUTO_TEST_CASE(a_part_of_the_images_is_scaled_as_all_that_the_run_trains_on) {
  RunConfig config = learned_run("gradient");
  config.validation = 10;
  config.learned_map.samples = 12;
  for (const char* place : {"memory", "file"}) BOOST_TEST_CONTEXT(place) {
      config.footprint.samples = place;
      check_scaled_as_the_run(config, network("cnn2"), digits().dataset);
    }
}

// As a run on it would be scaled: nothing of it is set aside.
BOOST_AUTO_TEST_CASE(a_part_of_another_data_set_is_scaled_as_all_of_it) {
  const Network net = network("cnn2");
  const ToyData other(60, 20);
  RunConfig config = learned_run("gradient");
  config.validation = 10;
  config.learned_map.samples = 12;
  config.learned_map.data = "mnist";
  const Recipe recipe = recipe_of(config);
  const MapSource source(recipe, net, other.dataset, make_map(net, recipe.mapping), {});
  const RunConfig whole = small_run("direct");
  check_scaled_alike(source.session(),
                     Session(recipe_of(whole), net, other.dataset, Purpose::train), other.dataset);
}

// No flag says where the videos of other data are, nor how features are made of them.
BOOST_AUTO_TEST_CASE(videos_of_other_data_are_not_learned_from) {
  RunConfig config = learned_run("kronecker");
  Recipe recipe = recipe_of(config);
  recipe.mapping.learned.data = "celeb-df";
  check_fails<UsageError>(
      [&] { data_to_learn_from(recipe, network("cnn2"), digits().dataset, describe_dataset); },
      {"--map-data celeb-df", "--init", "--data"});
}

// Of pictures the first 64 of the run's order are measured, not of the order that they are learned
// from in: as many as are trained on are more.
BOOST_AUTO_TEST_CASE(pictures_are_scaled_as_the_runs_whatever_the_maps_seed) {
  const ToyPictures pictures(16, 70, 2);
  const Dataset& d = pictures.dataset;
  RunConfig config = learned_run_of_pictures(d);
  config.batch = 2;
  const Network net = network_for(config, d);
  RunConfig other_seed = config, fewer = config;
  other_seed.learned_map.seed = 9;
  fewer.learned_map.samples = 5;
  check_scaled_as_the_run(other_seed, net, d);
  check_scaled_as_the_run(fewer, net, d);
}

// 34, 72 and all 192 rows to train on have three ranges: those of ten windows, of what is not set
// aside, and of everything.
BOOST_AUTO_TEST_CASE(a_part_of_a_series_is_scaled_as_all_that_the_run_trains_on) {
  const ToySeries series(240);
  const Dataset& d = series.dataset;
  RunConfig config = toy_run("lstm-1x8", d, "slvt");
  config.map = "gradient";
  config.latent = 4;
  config.batch = 4;
  config.validation = 120;
  config.learned_map.samples = 10;
  const auto range = [&](std::size_t aside) {
    const Series s = read_series(d, aside);
    return s.target_max - s.target_min;
  };
  BOOST_TEST(range(158) < range(120));
  BOOST_TEST(range(120) < range(0));
  check_scaled_as_the_run(config, network_for(config, d), d);
}

BOOST_AUTO_TEST_CASE(a_part_of_the_features_is_standardised_as_all_that_the_run_trains_on) {
  const ToyVectors vectors;
  RunConfig config = learned_run("gradient");
  config.data = vectors.dataset.name;
  config.batch = 4;
  config.validation = 3;
  config.learned_map.samples = 5;
  check_scaled_as_the_run(config, network_for(config, vectors.dataset), vectors.dataset);
}
