#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "common/compare.hpp"
#include "common/error.hpp"
#include "common/file.hpp"
#include "mapping/map_harness.hpp"
#include "train/device_here.hpp"
#include "train/model.hpp"
#include "train/recipes.hpp"
#include "train/toy_data.hpp"
#include "train/train_run.hpp"

/// Runs that refresh their map, from the first step to the stored model.
using namespace mapnet;
using namespace mapnet::test;

namespace {

RunConfig refreshed(RunConfig config, std::int64_t every) {
  config.refresh.every = every;
  return config;
}

std::vector<RunConfig> runs() {
  RunConfig slvt = small_run("slvt"), lwt = small_run("lwt"), dense = small_run("slvt"),
            half = small_run("slvt");
  slvt.modulation = "signed", slvt.activation = "sine", slvt.base = "normal";
  lwt.modulation = "scalar", lwt.activation = "tanh";
  dense.map = "dense", dense.latent = 24, dense.modulation = "signed";
  half.map = "dense-bf16", half.latent = 24;
  return {refreshed(small_run("slvt"), 4), refreshed(slvt, 4), refreshed(lwt, 4),
          refreshed(dense, 4), refreshed(half, 4)};
}

std::string name_of(const RunConfig& c) { return c.strategy + " " + c.map.value_or("hadamard"); }

struct Outcome {
  std::vector<float> values, theta, rounds;
  std::size_t refreshes = 0;
};

/// Two epochs of six steps with an evaluation in between, where no buffer shares memory.
Outcome train(const ToyData& data, const RunConfig& config) {
  Session session(recipe_of(config), network(config.net), data.dataset, Purpose::train,
                  plan_arena_without_reuse);
  session.train_epoch(0);
  session.evaluate(Split::test);
  session.train_epoch(1);
  session.expand();
  return {session.values(), session.theta(), session.rounds(), session.refreshes()};
}

struct FinishedRun {
  explicit FinishedRun(const ToyData& data, const RunConfig& config)
      : folder(data.folder() / "run"),
        result(train_run(recipe_of(config), network(config.net), data.dataset, {folder, true})),
        json(nlohmann::json::parse(read_file(folder / "result.json"))) {}
  std::filesystem::path folder;
  RunResult result;
  nlohmann::json json;
};

}  // namespace

BOOST_AUTO_TEST_CASE(refreshes_come_every_r_steps_and_never_last) {
  const Refresh every_four = {4};
  std::vector<std::int64_t> after;
  for (std::int64_t step = 0; step < 12; ++step)
    if (every_four.due(step, 12)) after.push_back(step);
  BOOST_TEST((after == std::vector<std::int64_t>{3, 7}));
  BOOST_TEST(every_four.count(12) == 2);
  BOOST_TEST(every_four.count(13) == 3);
  BOOST_TEST(every_four.count(0) == 0);
  BOOST_TEST(Refresh{}.count(100) == 0);
  BOOST_TEST(!Refresh{}.due(0, 100));
}

BOOST_AUTO_TEST_CASE(a_refresh_comes_between_steps_and_leaves_theta_where_it_was) {
  const ToyData data(96, 20);
  for (RunConfig config : runs()) {
    Session session(recipe_of(config), network("cnn2"), data.dataset, Purpose::train,
                    plan_arena_without_reuse);
    session.begin_epoch(0);
    for (int step = 0; step < 3; ++step) session.train_step(step);
    BOOST_TEST(session.refreshes() == 0u);
    session.train_step(3);  // a step and a refresh, which left the theta of its end
    BOOST_TEST(session.refreshes() == 1u);
    const std::vector<float> theta = session.theta();
    const std::vector<float> zeros(session.values().size());
    BOOST_TEST((session.values() == zeros), name_of(config));
    session.expand();
    BOOST_TEST((session.theta() == theta), name_of(config));
    session.train_step(4);  // its theta is that of before its update
    BOOST_TEST((session.theta() == theta), name_of(config));
    BOOST_TEST((session.values() != zeros), name_of(config));
  }
}

// The stored rounds alone, in double precision: theta = sum over rounds of scale * W_i z_i.
BOOST_AUTO_TEST_CASE(theta_is_the_sum_of_what_its_rounds_generate) {
  const ToyData data(96, 20);
  RunConfig config = refreshed(small_run("slvt"), 3);
  config.latent = 16;
  config.epochs = 2;
  const Outcome run = train(data, config);
  BOOST_TEST(run.refreshes == 3u);
  BOOST_TEST(run.rounds.size() == 4u * 16);
  const MapDesc desc = make_map(network("cnn2"), recipe_of(config).mapping);
  const std::size_t P = desc.target_size();
  Vector want(P);
  for (std::uint32_t round = 0; round < 4; ++round) {
    const Vector W = hadamard_map(P, 16, config.seed, Stream::map_outer_signs,
                                  Stream::map_inner_signs, round << 16);
    for (std::size_t j = 0; j < P; ++j)
      for (std::size_t k = 0; k < 16; ++k)
        want[j] += W[j * 16 + k] * static_cast<double>(run.rounds[16 * round + k]);
  }
  double largest = 0;
  for (const RowScale& s : desc.scales)
    for (std::size_t j = s.offset; j < s.offset + s.rows; ++j) {
      want[j] *= static_cast<double>(s.scale);
      largest = std::max(largest, std::abs(want[j]));
    }
  // Four sums of 16 products of values up to a few, scales at most 0.5.
  check_close(run.theta, want, 4 * sum_tolerance(16) * std::max(1.0, largest), 1e-6, "theta");
}

// The run shares memory and is evaluated at its end alone, what it is compared with is neither.
BOOST_AUTO_TEST_CASE(a_stored_model_is_its_rounds_and_gives_the_same_bits) {
  const ToyData data(96, 20);
  for (RunConfig config : runs()) {
    config.epochs = 2;
    const FinishedRun run(data, config);
    const Model model = open_model(run.folder);
    const std::size_t d = trainable_params(model.file.recipe, model.net);
    BOOST_TEST(run.json["refresh"] == 4);
    BOOST_TEST(run.json["refreshes"] == 2);
    BOOST_TEST(run.json["stored_values"] == 3 * d);
    BOOST_TEST(run.json["trainable_params"] == d);
    BOOST_TEST(model.file.values.size() == 3 * d);
    BOOST_TEST(!model.file.stores_theta);
    const Metrics test = evaluate_model(model, data.dataset, Split::test, here());
    BOOST_TEST(test.loss == run.result.test.loss, name_of(config));
    BOOST_TEST(test.accuracy == run.result.test.accuracy);
    const Outcome apart = train(data, config);
    BOOST_TEST(apart.refreshes == 2u);
    BOOST_TEST((model.file.values == apart.rounds), name_of(config));
    BOOST_TEST((expand_theta(model, here()) == apart.theta), name_of(config));
  }
}

BOOST_AUTO_TEST_CASE(rounds_that_outnumber_theta_are_stored_as_theta) {
  const ToyData data(96, 20);
  RunConfig config = refreshed(small_run("slvt"), 1);
  config.latent = 20000;  // six rounds of it are more than 108,618
  config.base = "normal";
  const FinishedRun run(data, config);
  BOOST_TEST(run.json["refreshes"] == 5);
  BOOST_TEST(run.json["stored_values"] == 108618);
  const Model model = open_model(run.folder);
  BOOST_TEST(model.file.stores_theta);
  const Metrics test = evaluate_model(model, data.dataset, Split::test, here());
  BOOST_TEST(test.loss == run.result.test.loss);
  BOOST_TEST((expand_theta(model, here()) == model.file.values));
}

BOOST_AUTO_TEST_CASE(a_run_too_short_for_a_refresh_is_a_run_without) {
  const ToyData data(96, 20);
  const FinishedRun run(data, refreshed(small_run("slvt"), 6));
  BOOST_TEST(run.json["refreshes"] == 0);
  BOOST_TEST(run.json["stored_values"] == 256);
  const Model model = open_model(run.folder);
  const FinishedRun plain(data, small_run("slvt"));
  BOOST_TEST((open_model(plain.folder).file.values == model.file.values));
  BOOST_TEST(plain.json["refreshes"] == 0);
  BOOST_TEST(!plain.json.contains("refresh"));
}

BOOST_AUTO_TEST_CASE(more_rounds_than_the_counter_holds_are_refused) {
  RunConfig config = refreshed(small_run("slvt"), 1);
  config.epochs = 70000;
  check_fails<UsageError>(
      [&] {
        build_run_schedule(recipe_of(config), network("cnn2"), {16, 0, 16}, {}, Purpose::train);
      },
      {"--refresh 1", "69999", "65536"});
}

// Stripes in noise again, from few latents: what one map of 16 cannot reach, many can.
BOOST_AUTO_TEST_CASE(a_refreshed_run_learns_more_than_its_first_map_holds) {
  if (testing_emulated()) return;  // takes it minutes; its steps are the CPU's (parity_test.cpp)
  const ToyData data(2000, 300);
  double accuracy[2] = {};
  for (const bool refresh : {false, true}) {
    RunConfig config = small_run("slvt");
    config.latent = 16;
    config.epochs = 4;
    if (refresh) config = refreshed(config, 25);
    Session session(recipe_of(config), network("cnn2"), data.dataset, Purpose::train);
    for (int epoch = 0; epoch < config.epochs; ++epoch) session.train_epoch(epoch);
    accuracy[refresh] = session.evaluate(Split::test).accuracy;
  }
  BOOST_TEST_MESSAGE("16 latents: " << accuracy[0] << ", refreshed " << accuracy[1]);
  BOOST_TEST(accuracy[1] > accuracy[0] + 0.05);
}
