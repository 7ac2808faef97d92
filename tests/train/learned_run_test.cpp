#include <boost/test/unit_test.hpp>

#include "train/budget/search.hpp"
#include "train/checkpoint.hpp"
#include "train/learned_runs.hpp"
#include "train/maps/learning_memory.hpp"
#include "train/maps/map_source.hpp"
#include "train/model.hpp"
#include "train/pretrained_file.hpp"
#include "train/stopped_run.hpp"
#include "train/toy_tasks.hpp"
#include "train/trained_twice.hpp"

/// Runs under a learned map, from the first step to what is stored.
using namespace mapnet;
using namespace mapnet::test;

namespace {

/// One value a channel is left of a picture where it is normalised the second time.
Network narrow_network() {
  const NetworkInput input = {1, 28, 28, 10};
  return make_network("narrow", Task::classify, input,
                      {conv("conv1", 4, 7, 0, 7, false), batch_norm("bn1", "conv1"), relu(),
                       conv("conv2", 8, 4, 0, 1, false), batch_norm("bn2", "conv2"), relu(),
                       linear("fc", input.classes)});
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_run_under_a_learned_map_is_stopped_resumed_evaluated_and_begun_with) {
  for (const char* family : kFamilies)
    for (const bool refreshed : {false, true}) BOOST_TEST_CONTEXT(family << " " << refreshed) {
        const bool kronecker = std::string(family) == "kronecker";
        if (testing_emulated() && kronecker != refreshed) continue;
        RunConfig config = learned_run(family);
        config.epochs = 2;
        if (refreshed) config.refresh.every = 4;
        const Recipe recipe = recipe_of(config);
        const Folder scratch;
        const RunFolder whole{scratch.path / "whole"}, parts{scratch.path / "parts"};
        const Network net = network("cnn2");
        const RunResult result = train_run(recipe, net, digits().dataset, {whole.path});
        BOOST_TEST(result.stored_values ==
                   net.param_count() + (refreshed ? 2 : 1) * *config.latent);
        stop_after(recipe, net, digits().dataset, {.folder = parts.path}, 5);
        train_run(recipe, net, digits().dataset, {.folder = parts.path, .resume = true});
        check_same(left_in(whole), left_in(parts));
        const Model model = open_model(whole.path);
        BOOST_TEST((model.file.recipe.mapping.learned == recipe.mapping.learned));
        BOOST_TEST(model.file.learned_map.checksum == result.learned_map.checksum);
        const Metrics again = evaluate_model(model, digits().dataset, Split::test,
                                             {.device = config.device, .threads = 2});
        BOOST_TEST(again.loss == result.test.loss);
        // From the latents, with the map learned again.
        Session session(recipe, net, digits().dataset, Purpose::train);
        begin_with(session, model);
        session.expand();
        BOOST_TEST(same_bits(session.theta(), model.file.theta));
      }
}

// What a run that goes on learns again for that is no cost of its map, and what it learned before
// is.
BOOST_AUTO_TEST_CASE(the_seconds_of_a_learned_map_are_of_all_rounds) {
  RunConfig config = learned_run("gradient");
  config.epochs = 2;
  config.refresh.every = 2;  // of six steps: a third round begins after the fourth
  const Recipe recipe = recipe_of(config);
  const Network net = network("cnn2");
  const Folder scratch;
  const RunFolder folder{scratch.path / "run"};
  stop_after(recipe, net, digits().dataset, {.folder = folder.path}, 3);
  Checkpoint stopped = read_checkpoint(folder.checkpoint());
  BOOST_TEST(stopped.state.refreshes == 1u);
  BOOST_TEST(stopped.state.map_seconds > 0);

  stopped.state.map_seconds = 1000;
  Session session(recipe, net, digits().dataset, Purpose::train);
  session.restore(stopped.state);
  BOOST_TEST(session.learned_map().seconds == 1000.0);
  write_checkpoint(folder, stopped);
  const RunResult result =
      train_run(recipe, net, digits().dataset, {.folder = folder.path, .resume = true});
  BOOST_TEST(result.learned_map.seconds > 1000.0);
  BOOST_TEST(result.learned_map.seconds < 1500.0);

  stopped.state.map_seconds = 0;  // a file of before: what it learned is all there is to say
  Session older(recipe, net, digits().dataset, Purpose::train);
  older.restore(stopped.state);
  BOOST_TEST(older.learned_map().seconds > 0);
}

BOOST_AUTO_TEST_CASE(a_streamed_learned_map_trains_to_the_same_bits) {
  RunConfig config = learned_run("gradient", "lwt");
  const Trained kept = trained(config, digits().dataset);
  config.footprint.map_storage = "streamed";
  const Trained streamed = trained(config, digits().dataset);
  BOOST_TEST(kept.same_bits(streamed));
  BOOST_TEST(streamed.arena_bytes < kept.arena_bytes);
}

BOOST_AUTO_TEST_CASE(a_learned_map_begins_at_its_base_and_shifts_given_weights) {
  const Folder folder;
  const Network net = network("cnn2");
  for (const char* family : kFamilies)
    for (const std::size_t share : {1u, 3u}) {
      if (share > 1 && std::string(family) == "kronecker") continue;
      if (testing_emulated() && family == std::string("trajectory")) continue;
      RunConfig config = learned_run(family);
      config.finetune.pretrained = write_pretrained(folder, net).string();
      // Directions that were learned change the network as hardly any other does.
      config.lr = 0.004;
      config.finetune.share = share;
      Session session(recipe_of(config), net, digits().dataset, Purpose::train);
      session.expand();
      BOOST_TEST(same_bits(session.theta(), some_weights(net)), family << " L = " << share);
      const double before = session.evaluate(Split::train).loss;
      session.train_epoch(0);
      session.train_epoch(1);
      BOOST_TEST(session.evaluate(Split::train).loss < before, family << " L = " << share);
    }
}

// A way has up to twice as many snapshots as were asked for, and learning squares them.
BOOST_AUTO_TEST_CASE(a_budget_counts_the_snapshots_that_are_taken) {
  RunConfig config = learned_run("trajectory");
  config.device = "cpu";
  config.batch = 1;  // 42 steps an epoch
  config.learned_map.epochs = 40;
  config.learned_map.sketches = 900;  // a snapshot each step: 1,680
  const std::size_t learning = learning_bytes(recipe_of(config), network("cnn2"), digits().dataset);
  BOOST_TEST(learning > 4u * 1680 * 1680 * sizeof(double));
}

// Not after hours of training, when LAPACK is called.
BOOST_AUTO_TEST_CASE(more_snapshots_than_can_be_decomposed_are_refused_before_they_are_taken) {
  RunConfig config = learned_run("trajectory");
  config.batch = 1;                      // 42 steps an epoch
  config.learned_map.epochs = 800;       // 33,600 in all
  config.learned_map.sketches = 20'000;  // a snapshot each step
  const Network net = network("cnn2");
  const Recipe recipe = recipe_of(config);
  check_fails<UsageError>([&] { Session(recipe, net, digits().dataset, Purpose::train); },
                          {"--map-sketches 20000 comes to 33600 rows", "at most 32766"});
}

// 32 x 32 x 32 features and a bias.
BOOST_AUTO_TEST_CASE(a_matrix_that_cannot_be_decomposed_is_refused_by_name) {
  const Dataset d = open_dataset("noise-1x134x134x10");
  RunConfig config = learned_run("kronecker");
  config.data = d.name;
  const Network net = target_network(config, {1, 134, 134, 10});
  const Recipe recipe = resolve(config, net);
  check_fails<UsageError>([&] { Session(recipe, net, d, Purpose::train); },
                          {"--map kronecker: fc1.weight is [128, 32769]", "at most 32766"});
}

// Nothing goes back through one value that is normalised by itself.
BOOST_AUTO_TEST_CASE(factors_of_a_network_that_normalises_are_learned_from_batches) {
  const Network net = narrow_network();
  RunConfig config = learned_run("kronecker");
  config.latent = 40;
  const auto batch_of = [&](const Network& of, int batch) {
    config.batch = batch;
    return resolve(config, of).mapping.learned.batch;
  };
  BOOST_TEST(batch_of(network("cnn2"), 128) == 1);
  BOOST_TEST(batch_of(net, 128) == 32);
  BOOST_TEST(batch_of(net, 8) == 8);  // no more than the run has
  const auto learn = [&] { Session(resolve(config, net), net, digits().dataset, Purpose::train); };
  BOOST_CHECK_NO_THROW(learn());
  config.learned_map.batch = 1;
  check_fails<Error>(learn, {"--map kronecker", "conv1.weight", "zeros", "--map-batch"});
}

// Pictures are decoded as they are needed, and measured before: a map is learned at the pixels that
// the run trains on.
BOOST_AUTO_TEST_CASE(gradients_are_sketched_on_the_pixels_that_are_trained_on) {
  const ToyPictures pictures(16, 12, 2);
  const Dataset& d = pictures.dataset;
  const RunConfig config = learned_run_of_pictures(d);
  const Network net = network_for(config, d);
  const Recipe recipe = resolve(config, net);
  const Recipe from = learning_recipe(recipe, d);
  const Session run(from, net, d, Purpose::train), sketching(from, net, d, Purpose::sketch);
  BOOST_TEST(sketching.pixels().mean == run.pixels().mean);
  BOOST_TEST(sketching.pixels().stddev == run.pixels().stddev);
  BOOST_TEST(sketching.pixels().mean.size() == 3u);
}

// What learning takes is not beyond the budget: the squares of 700 rows are more than the run
// itself.
BOOST_AUTO_TEST_CASE(a_budget_counts_the_learning) {
  RunConfig config = learned_run("gradient");
  config.device = "cpu";
  config.learned_map.sketches = 700;
  config.footprint.memory_budget = "1TiB";
  const Recipe recipe = recipe_of(config);
  const Network net = network("cnn2");
  const std::size_t learning = learning_bytes(recipe, net, digits().dataset);
  BOOST_TEST(learning > 4u * 700 * 700 * sizeof(double));
  for (const Candidate& c : search_budget(config, recipe, net, digits().dataset).candidates)
    BOOST_TEST(c.total_bytes() >= learning);
  config.map = "dense";
  config.learned_map = {};
  BOOST_TEST(learning_bytes(recipe_of(config), net, digits().dataset) == 0u);
  BOOST_TEST(search_budget(config, recipe_of(config), net, digits().dataset)
                 .candidates.front()
                 .total_bytes() < learning);
}

// `--map-data`: its samples lie in the arena and make the steps whose snapshots are squared, as if
// the run's own were these. The run's are 42, the noise's 256.
BOOST_AUTO_TEST_CASE(a_budget_counts_the_samples_that_are_learned_from) {
  const Network net = network("cnn2");
  const Dataset noise = open_dataset("noise-1x28x28x10");
  for (const char* family : {"kronecker", "trajectory"}) BOOST_TEST_CONTEXT(family) {
      RunConfig config = learned_run(family);
      config.device = "cpu";
      RunConfig on_noise = config;
      on_noise.data = noise.name;
      const auto bytes = [&] { return learning_bytes(recipe_of(config), net, digits().dataset); };
      const std::size_t own = bytes();
      config.learned_map.data = noise.name;
      BOOST_TEST(bytes() > own);
      BOOST_TEST(bytes() == learning_bytes(recipe_of(on_noise), net, noise));
      config.learned_map.data = "noise-3x28x28x10";
      check_fails<UsageError>(bytes, {"--map-data", "noise-3x28x28x10"});
    }
}

BOOST_AUTO_TEST_CASE(what_a_learned_map_cannot_be_is_refused_by_name) {
  const auto refuses = [](RunConfig config, std::initializer_list<std::string> parts) {
    check_fails<UsageError>([&] { recipe_of(config); }, parts);
  };
  RunConfig config = small_run("slvt");
  config.learned_map.samples = 10;
  refuses(config, {"--map-samples", "--map gradient"});
  config = learned_run("gradient");
  config.learned_map.epochs = 2;
  refuses(config, {"--map-epochs", "--map gradient"});
  config = learned_run("kronecker");
  config.learned_map.epochs = 2;
  config.learned_map.batch = 1;
  refuses(config, {"--map-batch", "--batch"});
  config = learned_run("trajectory");
  config.learned_map.epochs = 0;
  refuses(config, {"--map-epochs", "1 to"});
  for (const char* family : {"gradient", "trajectory"}) {
    config = learned_run(family);
    config.learned_map.sketches = 32'767;
    refuses(config, {"--map-sketches is 32767", "1 to 32766"});
  }
  config = learned_run("kronecker");
  config.learned_map.sketches = 65'536;  // of its rows no Gram matrix is decomposed
  BOOST_CHECK_NO_THROW(recipe_of(config));
  config = learned_run("kronecker");
  config.modulation = "signed";
  refuses(config, {"--modulation", "kronecker"});
  config = learned_run("gradient");
  config.footprint.map_storage = "regenerated";
  refuses(config, {"--map-storage", "streamed"});
  config = learned_run("gradient");
  config.loss.terms = "task+smooth";
  refuses(config, {"--loss", "data-free"});
  config = learned_run("gradient");
  config.base = "zero";
  refuses(config, {"--base zero", "learned map"});
}

// z has to come as far as the training that its map was learned from, in the run's own epochs.
BOOST_AUTO_TEST_CASE(the_rate_goes_with_the_epochs_of_a_trajectory) {
  const auto rate = [](const char* map, std::optional<int> map_epochs, int epochs) {
    RunConfig config = small_run("slvt");
    config.map = map;
    config.learned_map.epochs = map_epochs;
    config.epochs = epochs;
    return recipe_of(config).lr;
  };
  BOOST_TEST(rate("trajectory", {}, 10) == 0.08);
  BOOST_TEST(rate("trajectory", 20, 5) == 0.32);
  BOOST_TEST(rate("trajectory", 20, 40) == 0.08);
  BOOST_TEST(rate("trajectory", 2, 0) == 0.16);
  BOOST_TEST(rate("kronecker", 20, 5) == 0.08);
  BOOST_TEST(rate("gradient", {}, 1) == 0.02);
}
