#include "train/recipe/trained_on.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include "train/model.hpp"
#include "train/recipes.hpp"
#include "train/run_notices.hpp"
#include "train/stopped_run.hpp"
#include "train/toy_data.hpp"

/// Which samples a model's values were trained on, through all models that they come from.
using namespace mapnet;
using namespace mapnet::test;

namespace {

constexpr std::size_t kSamples = 42;

/// Models that begin with one another, and what is told when the next one does.
struct Chain {
  ToyData data{kSamples, 10};
  Dataset other = data.dataset;  ///< the same to a network, another to whom asks where it is from
  Folder scratch;

  Chain() { other.name = "mnist"; }

  std::filesystem::path at(const std::string& name) const { return scratch.path / name; }

  /// `from`: nothing, or the model to begin with.
  Recipe recipe(const std::string& from, std::size_t validation, const Dataset& on) const {
    RunConfig c = small_run("slvt");
    c.data = on.name;
    c.validation = validation;
    if (!from.empty()) {
      c.init = at(from).string();
      c.latent.reset();
      c.seed = 77;
    }
    return recipe_of(c);
  }

  std::string train(const std::string& name, const Recipe& recipe, const Dataset& on) const {
    std::string told;
    RunControl control{.folder = at(name)};
    control.notice = [&](const std::string& text) { told += text; };
    train_run(recipe, network("cnn2"), on, control);
    return told;
  }
  std::string train(const std::string& name, const std::string& from,
                    std::size_t validation) const {
    return train(name, recipe(from, validation, data.dataset), data.dataset);
  }

  std::vector<TrainedOn> kept(const std::string& name) const {
    return open_model(at(name)).file.recipe.init.trained_on;
  }
};

const std::string kOwn =
    " of these samples are among those that the model of --init was trained on";
const std::string kBefore =
    " of these samples are among those that the model of --init, or one that it began with, was "
    "trained on";

void check_told(const std::string& told, const std::string& part) {
  BOOST_TEST((part.empty() ? told.empty() : told.find(part) != std::string::npos),
             "told '" << told << "', expected '" << part << "'");
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_a_models_ancestor_was_trained_on_is_told) {
  const Chain chain;
  chain.train("a", "", 0);
  check_told(chain.train("b", "a", 10), "--validation 10: 10" + kOwn + ", which set 0 aside");
  const std::vector<TrainedOn> a = {{"fashion-mnist", kSamples, 0, 5}};
  BOOST_TEST((chain.kept("b") == a));
  check_told(chain.train("c", "b", 10), "--validation 10: 10" + kBefore);
  BOOST_TEST((chain.kept("c") == a));  // b's were all a's
  check_told(chain.train("d", "c", 4), "--validation 4: 4" + kBefore);
}

BOOST_AUTO_TEST_CASE(other_data_in_between_is_no_way_around) {
  const Chain chain;
  chain.train("a", "", 10);
  check_told(chain.train("b", chain.recipe("a", 0, chain.other), chain.other), "");
  BOOST_TEST((chain.kept("b") == std::vector<TrainedOn>{{"fashion-mnist", kSamples, 10, 5}}));
  const Recipe back = chain.recipe("b", 10, chain.data.dataset);
  BOOST_TEST((back.split_seed == 5u));  // a's: its ten are the first that are set aside again
  check_told(chain.train("c", back, chain.data.dataset), "");
  BOOST_TEST((chain.kept("c") == std::vector<TrainedOn>{{"mnist", kSamples, 0, 77}}));
  check_told(chain.train("d", "b", 15), "--validation 15: 5" + kBefore);
  check_told(chain.train("e", chain.recipe("c", 3, chain.other), chain.other),
             "--validation 3: 3" + kBefore);
}

// Recipes of such runs are what they were, and what is left out is known all the same.
BOOST_AUTO_TEST_CASE(nothing_is_kept_that_a_recipe_says_itself) {
  const Chain chain;
  chain.train("a", "", 10);
  chain.train("b", "a", 10);
  chain.train("c", "b", 4);
  for (const char* name : {"b", "c"}) {
    const LatentFile file = open_model(chain.at(name)).file;
    BOOST_TEST(!to_json(file.recipe).at("init").contains("trained_on"), name);
    BOOST_TEST(trainings_of(file.recipe, kSamples).size() == 1u, name);
  }
  check_told(chain.train("d", "c", 10), "--validation 10: 6" + kOwn);
}

BOOST_AUTO_TEST_CASE(a_model_that_was_not_trained_has_seen_nothing) {
  const Chain chain;
  Recipe untrained = chain.recipe("", 0, chain.data.dataset);
  untrained.epochs = 0;
  chain.train("a", untrained, chain.data.dataset);
  check_told(chain.train("b", "a", 10), "");
  Recipe between = chain.recipe("b", 0, chain.data.dataset);
  between.epochs = 0;
  chain.train("c", between, chain.data.dataset);  // which is b all the same
  check_told(chain.train("d", "c", 15), "--validation 15: 5" + kBefore);
}

// Another number of samples is drawn from otherwise.
BOOST_AUTO_TEST_CASE(samples_of_files_that_have_grown_are_not_taken_for_the_same) {
  const Chain chain;
  chain.train("a", "", 10);
  const ToyData grown(kSamples + 1, 10);
  const Recipe next = chain.recipe("a", 10, grown.dataset);
  check_told(chain.train("b", next, grown.dataset),
             "--validation 10: any of these samples may be among those that the model of --init");
  BOOST_TEST((chain.kept("b") == std::vector<TrainedOn>{{"fashion-mnist", kSamples, 10, 5}}));

  LatentFile earlier = open_model(chain.at("a")).file;
  earlier.train_samples = 0;  // as programs wrote that did not keep it
  BOOST_TEST(notice_of_init(next, earlier, kSamples + 1).empty());
}

BOOST_AUTO_TEST_CASE(what_was_trained_before_is_no_setting_of_its_own) {
  const Chain chain;
  chain.train("a", "", 10);
  chain.train("b", chain.recipe("a", 0, chain.other), chain.other);
  const Recipe now = chain.recipe("b", 10, chain.data.dataset);
  Recipe earlier = now;
  earlier.init.trained_on.clear();
  const Network net = network("cnn2");
  BOOST_TEST(default_run_name(earlier, net) == default_run_name(now, net));
  const RunFolder folder{chain.at("c")};
  stop_after(earlier, net, chain.data.dataset, {.folder = folder.path}, 1);
  train_run(now, net, chain.data.dataset, {.folder = folder.path, .resume = true});
  BOOST_TEST((chain.kept("c") == std::vector<TrainedOn>{{"mnist", kSamples, 0, 77}}));
}

// The last rows of a series are set aside, whatever the seed.
BOOST_AUTO_TEST_CASE(of_a_series_the_last_rows_are_counted) {
  Recipe run;
  run.task = Task::forecast;
  run.data = "series";
  run.seed = 3;
  run.validation = 12;
  const std::vector<TrainedOn> trainings = {{"series", 50, 8, 9}, {"another", 50, 0, 3}};
  BOOST_TEST(trained_validation_samples(run, trainings, 50) == 4u);
  run.validation = 8;
  BOOST_TEST(trained_validation_samples(run, trainings, 50) == 0u);
}
