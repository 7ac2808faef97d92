#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "train/learned_runs.hpp"
#include "train/maps/map_source.hpp"
#include "train/model.hpp"
#include "train/resume.hpp"
#include "train/run_notices.hpp"
#include "train/stopped_run.hpp"

/// What a run that begins with a model keeps of that model's training: the map where it is learned,
/// and which samples are set aside.
using namespace mapnet;
using namespace mapnet::test;

namespace {

void train(const RunConfig& config, const Dataset& data, const std::filesystem::path& folder) {
  const Network net = network_for(config, data);
  train_run(resolve(config, net), net, data, {folder});
}

/// A model with latents to tell its map by, not trained.
RunConfig untrained(RunConfig config) {
  config.epochs = 0;
  config.latent_std = 0.5;
  return config;
}

/// As `of_model` was trained, but by another seed, from where the model in `folder` is.
RunConfig going_on(const RunConfig& of_model, const std::filesystem::path& folder) {
  RunConfig next = of_model;
  next.latent.reset();
  next.latents.clear();
  next.latent_std.reset();
  next.map.reset();
  next.learned_map = {};
  next.init = folder.string();
  next.seed = 77;
  return next;
}

/// Trains the model, and gives what goes on from it.
RunConfig begun_with(const RunConfig& of_model, const Dataset& data, const Folder& scratch) {
  train(of_model, data, scratch.path / "model");
  return going_on(of_model, scratch.path / "model");
}

/// That a run keeps the model that it begins with, map and all. It is left in `name`.
void check_keeps_model(const RunConfig& config, const Dataset& data, const Folder& scratch,
                       const char* name = "begun") {
  train(config, data, scratch.path / name);
  const LatentFile a = open_model(*config.init).file, b = open_model(scratch.path / name).file;
  BOOST_TEST(a.learned_map.checksum == b.learned_map.checksum);
  BOOST_TEST((a.values == b.values));
  BOOST_TEST((a.theta == b.theta));
}

std::optional<LearnedIn> kept(const RunConfig& config, const Dataset& data) {
  const Recipe recipe = resolve(config, network_for(config, data));
  const nlohmann::json json = to_json(recipe);
  BOOST_TEST((recipe_from_json(json).mapping.learned == recipe.mapping.learned));
  BOOST_TEST(json.at("learned_map").contains("learned_in") ==
             recipe.mapping.learned.in.has_value());
  return recipe.mapping.learned.in;
}

}  // namespace

// Of 70 pictures the first 64 of the order are measured.
BOOST_AUTO_TEST_CASE(a_map_of_pictures_is_the_models_whatever_the_seed) {
  if (testing_emulated()) return;  // too many samples
  const ToyPictures pictures(16, 70, 2);
  const Dataset& d = pictures.dataset;
  const Folder scratch;
  RunConfig config = untrained(learned_run_of_pictures(d));
  config.batch = 35;
  config.learned_map.batch = 2;
  RunConfig next = begun_with(config, d, scratch);
  check_keeps_model(next, d, scratch);
  next.seed = config.seed;
  BOOST_TEST(!kept(next, d).has_value());
}

BOOST_AUTO_TEST_CASE(a_learned_map_is_the_models_whatever_is_set_aside) {
  const Dataset& d = digits().dataset;
  for (const char* family : kFamilies) BOOST_TEST_CONTEXT(family) {
      if (testing_emulated() && family != kFamilies[0]) break;  // as the others
      const Folder scratch;
      RunConfig config = untrained(learned_run(family));
      config.validation = 10;
      config.learned_map.samples = 12;
      RunConfig next = begun_with(config, d, scratch);
      next.validation = 0;
      check_keeps_model(next, d, scratch);
      if (family != kFamilies[0]) continue;  // what is kept is passed on whatever the family
      next.init = (scratch.path / "begun").string();
      next.validation = 16;
      next.seed = 9;
      check_keeps_model(next, d, scratch, "again");
    }
}

// Each round's map is learned from all samples but those that the model's training set aside.
BOOST_AUTO_TEST_CASE(a_map_that_is_learned_again_is_the_models_in_every_round) {
  const Dataset& d = digits().dataset;
  const Folder scratch;
  RunConfig config = learned_run("gradient");
  config.validation = 10;
  config.epochs = 2;
  config.refresh.every = 2;
  RunConfig next = begun_with(config, d, scratch);
  next.validation = 16;
  next.epochs = 0;
  check_keeps_model(next, d, scratch);

  next.epochs = 3;
  const Network net = network_for(next, d);
  const RunFolder whole{scratch.path / "whole"}, parts{scratch.path / "parts"};
  train_run(resolve(next, net), net, d, {whole.path});
  stop_after(resolve(next, net), net, d, {.folder = parts.path}, 3);
  train_run(resolve(next, net), net, d, {.folder = parts.path, .resume = true});
  check_same(left_in(whole), left_in(parts));
}

BOOST_AUTO_TEST_CASE(a_learned_map_is_the_models_on_other_data_too) {
  if (testing_emulated()) return;  // too many samples
  const Dataset noise = open_dataset("noise-1x28x28x10");
  const Folder scratch;
  RunConfig config = untrained(learned_run("gradient"));
  config.data = noise.name;
  config.validation = 10;
  RunConfig next = begun_with(config, noise, scratch);
  next.data = digits().dataset.name;
  check_keeps_model(next, digits().dataset, scratch);

  // Back there, what is set aside is first what the map was not learned from.
  RunConfig back = going_on(config, scratch.path / "begun");
  const LatentFile of_model = open_model(scratch.path / "begun").file;
  for (const std::size_t aside : {10u, 15u}) {
    back.validation = aside;
    const Recipe recipe = resolve(back, network_for(back, noise));
    BOOST_TEST((recipe.split_seed == config.seed));
    BOOST_TEST(notice_of_init(recipe, of_model, noise.train.count) ==
               (aside == 10 ? ""
                            : "--validation 15: 5 of these samples are among those that the map "
                              "of --init was learned from"));
  }

  next.data = noise.name;
  next.validation = 5;
  Dataset few = noise;  // where they lie in another folder
  few.train.count = 10;
  const Recipe recipe = resolve(next, network_for(next, noise));
  check_fails<UsageError>([&] { learning_recipe(recipe, few); },
                          {few.name, "10 of its training samples were set aside", "--init"});
}

BOOST_AUTO_TEST_CASE(a_trajectory_that_a_model_kept_is_found_by_a_run_that_begins_with_it) {
  const Dataset& d = digits().dataset;
  const Folder scratch, cache;
  const Environment keeps("MAPNET_TRAJECTORY_CACHE", cache.path.c_str());
  RunConfig config = untrained(learned_run("trajectory"));
  config.validation = 10;
  RunConfig next = begun_with(config, d, scratch);
  next.validation = 0;
  check_keeps_model(next, d, scratch);
  const std::filesystem::directory_iterator files(cache.path);
  BOOST_TEST(std::distance(begin(files), end(files)) == 1);
}

// Recipes that have always led to the model's map stay as they were, and so do their names.
BOOST_AUTO_TEST_CASE(nothing_is_kept_where_the_runs_own_map_is_the_models) {
  const Dataset& d = digits().dataset;
  const Folder scratch;
  RunConfig config = untrained(learned_run("gradient"));
  train(config, d, scratch.path / "all");
  BOOST_TEST(!kept(going_on(config, scratch.path / "all"), d).has_value());
  config.validation = 10;
  train(config, d, scratch.path / "some");
  RunConfig next = going_on(config, scratch.path / "some");
  BOOST_TEST(!kept(next, d).has_value());
  next.validation = 11;
  BOOST_TEST((kept(next, d) == LearnedIn{config.seed, config.seed, 10}));
}

// Earlier programs drew by the run's own seed what is set aside.
BOOST_AUTO_TEST_CASE(
    a_run_that_an_earlier_mapnet_began_goes_on_with_the_samples_that_it_set_aside) {
  const Dataset& d = digits().dataset;
  const Folder scratch;
  RunConfig config = small_run("slvt");
  config.validation = 10;
  RunConfig next = begun_with(config, d, scratch);
  next.epochs = 2;
  const Network net = network_for(next, d);
  const Recipe now = resolve(next, net);
  Recipe earlier = now;
  earlier.split_seed.reset();
  BOOST_TEST(default_run_name(earlier, net) == default_run_name(now, net));
  for (const Recipe& begun : {earlier, now}) {
    const std::uint64_t split_seed = split_samples(begun, d).split_seed;
    BOOST_TEST_CONTEXT(split_seed) {
      const auto name = std::to_string(split_seed);
      const RunFolder whole{scratch.path / (name + "-whole")}, parts{scratch.path / name};
      train_run(begun, net, d, {whole.path});
      stop_after(begun, net, d, {.folder = parts.path}, 3);
      train_run(now, net, d, {.folder = parts.path, .resume = true});
      check_same(left_in(whole), left_in(parts));
      BOOST_TEST(split_samples(open_model(parts.path).file.recipe, d).split_seed == split_seed);
      BOOST_TEST(read_finished_run(parts, to_json(now), Task::classify).test >= 0);
    }
  }
  BOOST_TEST(split_samples(earlier, d).split_seed == 77u);
  BOOST_TEST(split_samples(now, d).split_seed == config.seed);
}

// They kept nothing of how a map was learned, and needed nothing of few pictures.
BOOST_AUTO_TEST_CASE(a_run_that_an_earlier_mapnet_began_goes_on_with_its_learned_map) {
  const ToyPictures pictures(16, 8, 2);
  const Dataset& d = pictures.dataset;
  const Folder scratch;
  RunConfig config = learned_run_of_pictures(d);
  config.batch = 4;
  config.epochs = 1;
  const RunConfig next = begun_with(config, d, scratch);
  const Network net = network_for(next, d);
  const Recipe now = resolve(next, net);
  Recipe earlier = now;
  BOOST_TEST(earlier.mapping.learned.in.has_value());
  earlier.mapping.learned.in.reset();
  BOOST_TEST(default_run_name(earlier, net) == default_run_name(now, net));
  const RunFolder folder{scratch.path / "begun"};
  stop_after(earlier, net, d, {.folder = folder.path}, 1);
  train_run(now, net, d, {.folder = folder.path, .resume = true});
  BOOST_TEST(!open_model(folder.path).file.recipe.mapping.learned.in.has_value());
  BOOST_TEST(read_finished_run(folder, to_json(now), Task::segment).test >= 0);
}
