#include <boost/test/unit_test.hpp>

#include "common/compare.hpp"
#include "reference/regularisation.hpp"
#include "train/normalised_network.hpp"
#include "train/recipes.hpp"
#include "train/run_end.hpp"
#include "train/toy_data.hpp"

/// With --ema a network that normalises is evaluated with the average of its running statistics:
/// those of the values that were trained are no averaged network's.
using namespace mapnet;
using namespace mapnet::test;

namespace {

constexpr double kDecay = 0.8;

/// Five steps an epoch, the last of fewer samples.
struct AveragedRun {
  ToyData data{16 * 4 + 7, 20};
  Network net = normalised_network();
  Recipe recipe;

  explicit AveragedRun(const std::string& strategy, double ema = kDecay, bool int8 = false) {
    RunConfig config = small_run(strategy);
    config.warmup = 0;
    config.regularisation.ema = ema;
    if (int8) config.add_ons.quantize = "int8";
    recipe = resolve(config, net);
  }
  Session session(Purpose purpose = Purpose::train) const {
    return Session(recipe, net, data.dataset, purpose);
  }
};

bool carries_an_average(const TrainingState& state) {
  return std::ranges::any_of(state.buffers,
                             [](const CarriedBuffer& b) { return b.name == "state_average"; });
}

}  // namespace

BOOST_AUTO_TEST_CASE(running_statistics_are_averaged_as_values_are) {
  for (const char* strategy : {"direct", "slvt"}) {
    const AveragedRun run(strategy);
    Session session = run.session();
    BOOST_TEST((session.evaluated_state() == session.state()));
    std::vector<reference::Vector> states;
    for (int epoch = 0; epoch < 2; ++epoch) {
      session.begin_epoch(epoch);
      for (std::int64_t step = 0; step < session.steps_per_epoch(); ++step) {
        session.train_step(step);
        const std::vector<float> state = session.state();
        states.emplace_back(state.begin(), state.end());
      }
    }
    // A step rounds twice by 2^-24 of what there is, and forgets it after five.
    check_close(session.evaluated_state(), reference::exponential_average(states, kDecay), 1e-5,
                1e-5, "average of the running statistics");
    BOOST_TEST(apart(session.evaluated_state(), session.state()) > 1e-3, strategy);
  }
}

BOOST_AUTO_TEST_CASE(an_averaged_network_is_evaluated_with_averaged_statistics) {
  for (const char* strategy : {"direct", "slvt"}) {
    // Of direct training int8 is refused beside --ema.
    const AveragedRun run(strategy, kDecay, strategy == std::string("slvt"));
    Session session = run.session(), given = run.session(Purpose::evaluate);
    session.train_epoch(0);
    given.set_pixels(session.pixels());
    given.set_values(session.evaluated_values());
    given.set_state(session.evaluated_state());
    const double loss = session.evaluate(Split::test).loss;
    BOOST_TEST(given.evaluate(Split::test).loss == loss, strategy);
    if (run.recipe.add_ons.int8)
      BOOST_TEST(given.evaluate_int8(Split::test).loss == session.evaluate_int8(Split::test).loss);
    given.set_state(session.state());
    BOOST_TEST(given.evaluate(Split::test).loss != loss, strategy);
  }
}

BOOST_AUTO_TEST_CASE(a_latent_file_holds_averaged_statistics) {
  for (const double ema : {0.0, kDecay}) {
    const AveragedRun run("slvt", ema);
    Session session = run.session();
    session.train_epoch(0);
    const LatentFile file = describe_model(run.recipe, run.net, run.data.dataset, session);
    BOOST_TEST((file.state == session.evaluated_state()));
    BOOST_TEST((file.state != session.state()) == (ema > 0));
  }
}

BOOST_AUTO_TEST_CASE(an_average_of_statistics_begins_at_those_that_were_given) {
  const AveragedRun run("slvt");
  Session session = run.session();
  session.train_epoch(0);
  const std::vector<float> given(run.net.state_count(), 0.5f);
  session.set_state(given);
  BOOST_TEST((session.state() == given));
  BOOST_TEST((session.evaluated_state() == given));
}

BOOST_AUTO_TEST_CASE(an_average_of_statistics_goes_on_from_a_checkpoint) {
  const AveragedRun run("slvt");
  Session whole = run.session(), resumed = run.session();
  for (std::int64_t step = 0; step < 3; ++step) whole.train_step(step);
  const TrainingState state = whole.training_state();
  BOOST_TEST(carries_an_average(state));
  whole.finish_epoch();
  resumed.restore(state);
  resumed.finish_epoch();
  BOOST_TEST(same_bits(resumed.evaluated_state(), whole.evaluated_state()));
  // Where there is none, checkpoints are as they were.
  BOOST_TEST(!carries_an_average(AveragedRun("slvt", 0).session().training_state()));
  RunConfig config = small_run("slvt");
  config.regularisation.ema = kDecay;
  Session without(recipe_of(config), network_of(config), run.data.dataset, Purpose::train);
  BOOST_TEST(!carries_an_average(without.training_state()));
}
