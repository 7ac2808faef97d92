#include <boost/test/unit_test.hpp>

#include "train/model.hpp"
#include "train/recipes.hpp"
#include "train/stopped_run.hpp"
#include "train/toy_data.hpp"
#include "train/trained_twice.hpp"

/// A dense map whose W is in a file, or nowhere, trains as one in memory does.
using namespace mapnet;
using namespace mapnet::test;

namespace {

RunConfig stored_as(const char* storage, RunConfig config) {
  config.footprint.map_storage = storage;
  return config;
}

RunConfig dense_run(const char* strategy, const char* map = "dense") {
  RunConfig config = small_run(strategy);
  config.map = map;
  if (config.latent) config.latent = 24;
  if (!config.latents.empty()) config.latents = {9, 16, 20, 8};
  config.modulation = "signed";
  config.activation = "sine";
  return config;
}

/// Two steps and a padded third an epoch.
const ToyData& digits() {
  static const ToyData data(42, 20);
  return data;
}

std::size_t fixed_bytes(const RunConfig& config) {
  const Recipe recipe = recipe_of(config);
  std::size_t bytes = 0;
  for (const MapBlock& block : make_map(network("cnn2"), recipe.mapping).blocks)
    bytes += dense_bytes(recipe.mapping.map, block);
  return bytes;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_streamed_map_trains_to_the_same_bits_in_less_memory) {
  std::vector<RunConfig> runs = {dense_run("slvt"), dense_run("lwt", "dense-bf16")};
  runs[0].refresh.every = 4;
  for (const RunConfig& config : runs) {
    const Trained kept = trained(config, digits().dataset),
                  streamed = trained(stored_as("streamed", config), digits().dataset);
    BOOST_TEST(kept.same_bits(streamed), config.strategy);
    // What rows pass through: 16 rows for each of at most 32 sums, and 1024 when they are made.
    BOOST_TEST(streamed.arena_bytes + fixed_bytes(config) < kept.arena_bytes + (1 << 20));
  }
}

BOOST_AUTO_TEST_CASE(a_regenerated_map_trains_to_the_same_values_but_for_rounding) {
  for (RunConfig config : {dense_run("slvt"), dense_run("lwt")}) {
    config.lr = 1e-3;  // six small steps: rounding has no time to grow
    const Trained kept = trained(config, digits().dataset),
                  drawn = trained(stored_as("regenerated", config), digits().dataset);
    BOOST_TEST(drawn.same_bits(trained(stored_as("regenerated", config), digits().dataset)));
    BOOST_TEST(drawn.arena_bytes < kept.arena_bytes);
    // As of another number of threads: a value whose gradient is near zero moves by some of a step.
    check_close(drawn.values, kept.values, 5e-4, 0, "latents after 6 steps of 1e-3");
    BOOST_TEST(std::abs(drawn.test.loss - kept.test.loss) < 1e-3);
  }
}

BOOST_AUTO_TEST_CASE(a_model_of_either_is_stopped_resumed_and_evaluated_like_any) {
  for (const char* storage : {"streamed", "regenerated"}) BOOST_TEST_CONTEXT(storage) {
      RunConfig config = stored_as(storage, dense_run("slvt"));
      config.epochs = 2;
      config.refresh.every = 4;
      const Recipe recipe = recipe_of(config);
      const Folder scratch;
      const RunFolder whole{scratch.path / "whole"}, parts{scratch.path / "parts"};
      const Network net = network("cnn2");
      const RunResult result = train_run(recipe, net, digits().dataset, {whole.path});
      stop_after(recipe, net, digits().dataset, {.folder = parts.path}, 5);
      train_run(recipe, net, digits().dataset, {.folder = parts.path, .resume = true});
      check_same(left_in(whole), left_in(parts));
      const Model model = open_model(whole.path);
      BOOST_TEST((model.file.recipe.footprint == recipe.footprint));
      const Metrics again = evaluate_model(model, digits().dataset, Split::test,
                                           {.device = config.device, .threads = 2});
      BOOST_TEST(again.loss == result.test.loss);
    }
}

BOOST_AUTO_TEST_CASE(what_has_no_such_map_is_refused_by_name) {
  const auto refuses = [](RunConfig config, std::initializer_list<std::string> parts) {
    check_fails<UsageError>([&] { recipe_of(config); }, parts);
  };
  refuses(stored_as("streamed", small_run("slvt")), {"--map-storage", "--map dense"});
  refuses(stored_as("streamed", small_run("direct")), {"--map-storage"});
  refuses(stored_as("tape", dense_run("slvt")), {"map storage", "tape", "regenerated"});
  refuses(stored_as("regenerated", dense_run("slvt", "dense-bf16")), {"--map-storage", "bf16"});
  RunConfig smooth = stored_as("streamed", dense_run("slvt"));
  smooth.loss.terms = "task+smooth";
  refuses(smooth, {"--map-storage", "smooth"});
}
