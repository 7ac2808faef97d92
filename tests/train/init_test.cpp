#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>
#include <set>

#include "train/device_here.hpp"
#include "train/learned_runs.hpp"
#include "train/model.hpp"
#include "train/pretrained_file.hpp"
#include "train/recipes.hpp"
#include "train/resume.hpp"
#include "train/sample_order.hpp"
#include "train/stopped_run.hpp"
#include "train/toy_data.hpp"
#include "train/toy_tasks.hpp"

/// Training that begins with a trained model's latents.
using namespace mapnet;
using namespace mapnet::test;

namespace {

/// A model of a run on its data, and runs that begin with it.
struct Trained {
  ToyData data{96, 40};
  RunConfig config;
  std::filesystem::path model = data.folder() / "model";

  explicit Trained(RunConfig c) : config(std::move(c)) { train(config, model); }

  RunResult train(const RunConfig& c, const std::filesystem::path& folder) const {
    return train_run(recipe_of(c), network_of(c), data.dataset, {folder});
  }

  /// The network and the machine stay, all else is the defaults again.
  RunConfig going_on() const {
    RunConfig c = small_run("slvt");
    c.strategy = RunConfig().strategy;
    c.latent.reset();
    c.net = config.net;
    c.init = model.string();
    return c;
  }
};

RunConfig refreshed_run() {
  RunConfig c = small_run("slvt");
  c.refresh.every = 2;
  return c;
}

/// A model whose map was refreshed, and a run that goes on with it by rounds of another length.
struct RefreshedOnwards {
  Trained trained{refreshed_run()};
  RunConfig next = trained.going_on();
  Network net = network("cnn2");
  Recipe recipe;
  RunFolder whole{trained.data.folder() / "whole"};  ///< of that run, never stopped

  RefreshedOnwards() {
    next.refresh.every = 3;
    recipe = recipe_of(next);
    train_run(recipe, net, trained.data.dataset, {whole.path});
  }
};

std::vector<RunConfig> models_of_every_kind() {
  std::vector<RunConfig> runs = {small_run("direct"), small_run("slvt"), small_run("lwt"),
                                 small_run("slvt"), small_run("slvt")};
  runs[1].modulation = "signed";
  runs[1].base = "normal";
  runs[2].map = "dense";
  runs[3].refresh.every = 2;
  runs[4].variant.name = "lv-fulldnn";
  runs[4].latent = 10;
  return runs;
}

}  // namespace

namespace {

// Another seed shuffles the samples otherwise; the map stays the model's.
void check_it_begins_there(const Trained& trained, RunConfig next) {
  next.epochs = 0;
  next.seed = 77;
  const auto folder = trained.data.folder() / "begun";
  const RunResult result = trained.train(next, folder);
  const Model before = open_model(trained.model), after = open_model(folder);
  BOOST_TEST((before.file.values == after.file.values));
  BOOST_TEST((expand_theta(before, here()) == expand_theta(after, here())));
  const Metrics test = evaluate_model(before, trained.data.dataset, Split::test, here());
  BOOST_TEST(result.test.loss == test.loss);
  BOOST_TEST(after.file.recipe.mapping.seed == trained.config.seed);
  BOOST_TEST(after.file.recipe.seed == 77u);
}

void check_it_trains_on(const Trained& trained, const RunConfig& next) {
  const auto folder = trained.data.folder() / "next";
  const RunResult result = trained.train(next, folder);
  const Model after = open_model(folder);
  BOOST_TEST((after.file.values != open_model(trained.model).file.values));
  const Metrics test = evaluate_model(after, trained.data.dataset, Split::test, here());
  BOOST_TEST(result.test.loss == test.loss);
  if (next.refresh.every) BOOST_TEST(after.file.refreshes == 4u);  // 2 and 2 again
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_run_begins_where_the_model_is_and_what_it_trains_is_a_whole_model_again) {
  for (const RunConfig& config : models_of_every_kind())
    BOOST_TEST_CONTEXT(config.strategy << " " << config.variant.name.value_or("")) {
      const Trained trained(config);
      RunConfig next = trained.going_on();
      next.refresh = config.refresh;
      check_it_begins_there(trained, next);
      check_it_trains_on(trained, next);
    }
}

BOOST_AUTO_TEST_CASE(running_statistics_come_along) {
  const ToyPictures pictures(16, 8, 2);
  RunConfig config = toy_run("cnn3", pictures.dataset, "slvt");
  config.batch = 4;
  config.epochs = 1;
  const Network net = network_for(config, pictures.dataset);
  const auto first = pictures.folder() / "first", second = pictures.folder() / "second";
  train_run(resolve(config, net), net, pictures.dataset, {first});
  RunConfig next = config;
  next.latent.reset();
  next.epochs = 0;
  next.init = first.string();
  train_run(resolve(next, net), net, pictures.dataset, {second});
  BOOST_TEST((open_model(first).file.state == open_model(second).file.state));
}

BOOST_FIXTURE_TEST_CASE(such_a_run_is_stopped_and_resumed_like_any, RefreshedOnwards) {
  const RunFolder parts{trained.data.folder() / "parts"};
  stop_after(recipe, net, trained.data.dataset, {.folder = parts.path}, 4);
  train_run(recipe, net, trained.data.dataset, {.folder = parts.path, .resume = true});
  check_same(left_in(whole), left_in(parts));
}

// The model is read before its folder is cleared.
BOOST_AUTO_TEST_CASE(a_run_may_replace_the_one_it_begins_with) {
  const Trained trained(small_run("slvt"));
  const std::vector<float> before = open_model(trained.model).file.values;
  RunConfig next = trained.going_on();
  next.epochs = 0;
  train_run(recipe_of(next), network("cnn2"), trained.data.dataset,
            {.folder = trained.model, .overwrite = true});
  BOOST_TEST((open_model(trained.model).file.values == before));
}

// What keeps a run from beginning does so before anything of the old one goes.
BOOST_AUTO_TEST_CASE(a_run_that_cannot_begin_leaves_the_one_it_was_to_replace) {
  const Trained trained(small_run("slvt"));
  const std::filesystem::path old = trained.data.folder() / "old";
  trained.train(trained.config, old);
  const auto before = contents_of(old);
  const Recipe recipe = recipe_of(trained.going_on());
  std::filesystem::remove(trained.model / "model.latent");
  check_fails(
      [&] {
        train_run(recipe, network("cnn2"), trained.data.dataset,
                  {.folder = old, .overwrite = true});
      },
      {"model.latent", "no such latent file"});
  BOOST_TEST((contents_of(old) == before));
}

// They are opened again wherever the run is gone on with, or used.
BOOST_AUTO_TEST_CASE(what_a_run_begins_with_is_found_from_any_folder) {
  const Folder weights;
  RunConfig config = small_run("slvt");
  config.finetune.pretrained = write_pretrained(weights, network("cnn2")).string();
  config.finetune.share = 20;
  const Trained trained(config);
  const std::filesystem::path at = std::filesystem::canonical(trained.data.folder());
  std::filesystem::copy_file(*config.finetune.pretrained, at / "weights");
  RunConfig next = trained.going_on();
  next.init = "./model";
  next.finetune.pretrained = "model/../weights";
  const std::filesystem::path elsewhere = std::filesystem::current_path();
  std::filesystem::current_path(at);
  const Recipe recipe = recipe_of(next);
  std::filesystem::current_path(elsewhere);
  // Not normalised: a link before ".." leads elsewhere than its name says.
  BOOST_TEST(std::filesystem::path(recipe.init.file).is_absolute());
  BOOST_TEST(std::filesystem::equivalent(recipe.init.file, at / "model"));
  BOOST_TEST(std::filesystem::equivalent(recipe.pretrained.file, at / "weights"));
  train_run(recipe, network("cnn2"), trained.data.dataset, {at / "next"});
  BOOST_CHECK_NO_THROW(expand_theta(open_model(at / "next"), here()));
}

BOOST_AUTO_TEST_CASE(such_a_run_can_be_stopped_and_resumed) {
  const Trained trained(small_run("slvt"));
  RunConfig next = trained.going_on();
  next.epochs = 2;
  const Network net = network("cnn2");
  const auto apart = trained.data.folder() / "apart";
  train_run(recipe_of(next), net, trained.data.dataset, {apart});
  stop_after(recipe_of(next), net, trained.data.dataset,
             {.folder = trained.model, .overwrite = true}, 3);
  const Recipe again = recipe_of(next);  // opens the model once more
  train_run(again, net, trained.data.dataset, {.folder = trained.model, .resume = true});
  BOOST_TEST((open_model(trained.model).file.values == open_model(apart).file.values));
  // And once more, as a queue would start it: it is over.
  const Recipe over = recipe_of(next);
  BOOST_TEST(read_finished_run({trained.model}, to_json(over), Task::classify).test >= 0);
}

// Between writing the model and the result, which alone says that it is over.
BOOST_FIXTURE_TEST_CASE(a_run_killed_behind_replacing_its_model_goes_on_as_it_began,
                        RefreshedOnwards) {
  const RunFolder own{trained.model};
  stop_after(recipe, net, trained.data.dataset, {.folder = own.path, .overwrite = true}, 4);
  write_file_atomic(own.model(), read_file(whole.model()));
  const Recipe again = recipe_of(next);  // opens what is there now
  BOOST_TEST(again.init.sha256 != recipe.init.sha256);
  BOOST_TEST(again.init.refreshes != recipe.init.refreshes);
  train_run(again, net, trained.data.dataset, {.folder = own.path, .resume = true});
  check_same(left_in(whole), left_in(own));
}

// By its own seed it would set aside what the model was trained on, and judge the model by it.
BOOST_AUTO_TEST_CASE(what_the_model_was_trained_on_is_not_set_aside) {
  RunConfig config = small_run("slvt");
  config.validation = 20;
  const Trained trained(config);
  const Dataset& dataset = trained.data.dataset;
  const auto set_aside_by = [&](const Recipe& recipe) {
    const SampleCounts counts = split_samples(recipe, dataset);
    std::vector<std::uint32_t> order(counts.total());
    fill_sample_order(order, counts, recipe.seed, 0);
    return std::set<std::uint32_t>(order.begin() + long(counts.train),
                                   order.begin() + long(counts.train + counts.validation));
  };
  const std::set<std::uint32_t> of_model = set_aside_by(recipe_of(config));
  RunConfig next = trained.going_on();
  next.seed = 77;
  for (const std::size_t validation : {20u, 12u, 30u}) {
    next.validation = validation;
    const Recipe recipe = recipe_of(next);
    BOOST_TEST((recipe_from_json(to_json(recipe)).split_seed == recipe.split_seed));
    std::size_t trained_on = 0;
    for (const std::uint32_t sample : set_aside_by(recipe))
      trained_on += !of_model.contains(sample);
    BOOST_TEST(trained_on == (validation == 30 ? 10u : 0u));
    std::string told;
    RunControl control{.folder = trained.data.folder() / std::to_string(validation)};
    control.notice = [&](const std::string& text) { told += text; };
    train_run(recipe, network_of(next), dataset, control);
    BOOST_TEST((told.find("--validation 30: 10 of these samples") != std::string::npos) ==
                   (validation == 30),
               told);
  }
  next.data = "mnist";  // of which it knows nothing
  BOOST_TEST(!recipe_of(next).split_seed.has_value());
}

BOOST_AUTO_TEST_CASE(a_model_whose_map_is_learned_to_other_bits_says_what_they_go_by) {
  RunConfig config = learned_run("gradient");
  config.epochs = 0;
  const Trained trained(config);
  Model model = open_model(trained.model);
  Session session(recipe_of(config), network("cnn2"), trained.data.dataset, Purpose::train);
  BOOST_CHECK_NO_THROW(begin_with(session, model));
  model.file.learned_map.checksum ^= 1;
  check_fails([&] { begin_with(session, model); },
              {"its map was learned to other bits", "--threads", "--pretrained"});
}

BOOST_AUTO_TEST_CASE(what_contradicts_the_model_is_refused) {
  const Trained trained(small_run("lwt"));
  const auto resolve_with = [&](auto&& change) {
    RunConfig c = trained.going_on();
    change(c);
    recipe_of(c);
  };
  const auto refuses = [&](auto&& change, std::initializer_list<std::string> parts) {
    check_fails<UsageError>([&] { resolve_with(change); }, parts);
  };
  refuses([](RunConfig& c) { c.latent = 5; }, {"--latent", "--init"});
  refuses([](RunConfig& c) { c.map = "dense"; }, {"--map", "--init"});
  refuses([](RunConfig& c) { c.alpha = 0.1; }, {"--alpha", "--init"});
  refuses([](RunConfig& c) { c.variant.name = "wm-off"; }, {"--variant", "--init"});
  refuses([](RunConfig& c) { c.variant.hidden = 10; }, {"--hidden", "--init"});
  refuses([](RunConfig& c) { c.finetune.share = 2; }, {"--share", "--init"});
  refuses([](RunConfig& c) { c.finetune.pretrained = "x.safetensors"; }, {"--pretrained"});
  refuses([](RunConfig& c) { c.strategy = "direct"; }, {"--strategy direct", "lwt"});
  check_fails([&] { resolve_with([](RunConfig& c) { c.net = "cnn1"; }); },
              {"--init", "cnn2", "108618", "cnn1"});
  check_fails([&] { resolve_with([](RunConfig& c) { c.init = "/nonexistent/run"; }); },
              {"/nonexistent/run"});

  RunConfig refreshed = small_run("slvt");
  refreshed.refresh.every = 2;
  const Trained rounds(refreshed);
  check_fails<UsageError>([&] { recipe_of(rounds.going_on()); }, {"--init", "--refresh"});

  RunConfig pruned = small_run("slvt");
  pruned.add_ons.prune = 0.5;
  const Trained zeros(pruned);
  check_fails<UsageError>([&] { recipe_of(zeros.going_on()); }, {"--init", "pruned"});
}
