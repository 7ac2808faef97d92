#include <boost/test/unit_test.hpp>
#include <numeric>

#include "common/compare.hpp"
#include "common/scripted_ranks.hpp"
#include "common/temporary.hpp"
#include "train/budget/search.hpp"
#include "train/learned_runs.hpp"
#include "train/normalised_network.hpp"
#include "train/rank_share.hpp"
#include "train/recipes.hpp"
#include "train/run_ranks.hpp"
#include "train/session.hpp"
#include "train/stopped_run.hpp"
#include "train/thread_ranks.hpp"
#include "train/toy_data.hpp"
#include "train/toy_tasks.hpp"

/// Ranks that share every batch train what one process trains.
using namespace mapnet;
using namespace mapnet::test;

namespace {

using reference::Vector;

/// What each of so many ranks has made of a whole training.
struct Trained {
  std::vector<float> first_gradient, last_gradient, values, state;
  Metrics train, test;
};

Trained train(const RunConfig& config, const Dataset& dataset,
              const std::shared_ptr<Communicator>& ranks) {
  const Network net = network_for(config, dataset);
  Session session(resolve(config, net), net, dataset, Purpose::train, plan_arena_without_reuse,
                  ranks);
  Trained t;
  session.begin_epoch(0);
  session.train_step(0);
  t.first_gradient = session.gradient();
  for (int epoch = 0; epoch < config.epochs; ++epoch) {
    if (epoch > 0) session.begin_epoch(epoch);
    t.train = session.finish_epoch();
  }
  t.last_gradient = session.gradient();
  t.test = session.evaluate(Split::test);
  t.values = session.values();
  t.state = session.state();
  return t;
}

std::vector<Trained> train_on(int ranks, const RunConfig& config, const Dataset& dataset) {
  std::vector<Trained> all(static_cast<std::size_t>(ranks));
  on_ranks(ranks, [&](const std::shared_ptr<Communicator>& own) {
    all[static_cast<std::size_t>(own->rank())] = train(config, dataset, own);
  });
  return all;
}

// A gradient is a sum over samples and positions; only its order differs. Each of its float32
// additions rounds by at most 2^-24 of the partial sum: some thousand of them with errors of either
// sign come to 30 * 2^-24 = 2e-6 of the gradient's length (5e-7 were measured). A share that
// counted for one sample too many or too few would change a sixteenth of it.
constexpr double kFirstGradient = 1e-5;
// Later steps start from values that are apart by rounding, which the network carries on.
constexpr double kLastGradient = 1e-4;
// Five steps of at most 0.01 each, of latents of size 1: rounding is 1e-7 of them (2e-8 were
// measured). Adam divides each gradient by its own size: one near zero may take its step the other
// way, which would be 0.02 of one value among 200, 1e-3 of their length, so rare that the seeds
// here do not show it. Among 108,618 weights of size 0.05 some do: 7e-5 were measured.
constexpr double kLatents = 1e-4, kWeights = 2e-3;
constexpr double kLoss = 1e-4;
// A sample's answer turns where its two largest logits are closer than values and sums are apart.
// Logits are apart by about as much as values, relative to how far they spread: 7e-5 of the direct
// strategy's, so that of up to 71 samples one turns in one run of a hundred or two, two in one of
// ten thousand. Hits are whole numbers: the half is room for the rounding of their share.
constexpr double kOneHit = 1.5;

double hits_apart(const Metrics& a, const Metrics& b) {
  return std::abs(a.accuracy - b.accuracy) * static_cast<double>(a.samples);
}

void check_like_one_process(const RunConfig& config, const Dataset& dataset) {
  const Trained one = train(config, dataset, alone());
  for (const int ranks : {2, 3, 4}) {
    const std::vector<Trained> all = train_on(ranks, config, dataset);
    BOOST_TEST_CONTEXT(config.net << " " << config.strategy << " on " << ranks << " ranks") {
      const double first = apart(one.first_gradient, all[0].first_gradient),
                   last = apart(one.last_gradient, all[0].last_gradient),
                   values = apart(one.values, all[0].values);
      BOOST_TEST_MESSAGE(config.net << " " << config.strategy << " on " << ranks
                                    << " ranks: first gradient off by " << first << ", last by "
                                    << last << ", trained values by " << values << "; accuracy "
                                    << all[0].train.accuracy << " and " << all[0].test.accuracy);
      BOOST_TEST(first < kFirstGradient);
      BOOST_TEST(last < kLastGradient);
      BOOST_TEST(values < (config.strategy == "direct" ? kWeights : kLatents));
      BOOST_TEST(all[0].train.samples == one.train.samples);
      BOOST_TEST(all[0].test.samples == one.test.samples);
      BOOST_TEST(std::abs(all[0].train.loss / one.train.loss - 1) < kLoss);
      BOOST_TEST(std::abs(all[0].test.loss / one.test.loss - 1) < kLoss);
      BOOST_TEST(hits_apart(all[0].train, one.train) < kOneHit);
      BOOST_TEST(hits_apart(all[0].test, one.test) < kOneHit);
      for (const Trained& rank : all) {
        BOOST_TEST((rank.values == all[0].values), "ranks have other values");
        BOOST_TEST(rank.train.loss == all[0].train.loss);
        BOOST_TEST(rank.train.accuracy == all[0].train.accuracy);
        BOOST_TEST(rank.test.accuracy == all[0].test.accuracy);
      }
    }
  }
}

/// Four steps of 16 samples and one of `rest`.
RunConfig run_of(const std::string& strategy) {
  RunConfig config = small_run(strategy);
  config.threads = 1;
  config.warmup = 0;
  config.lr = 0.01;
  return config;
}

}  // namespace

BOOST_AUTO_TEST_CASE(shares_cover_a_batch_once_in_order_and_evenly) {
  for (std::size_t n = 0; n <= 40; ++n)
    for (int ranks = 1; ranks <= 9; ++ranks) {
      std::size_t next = 0, smallest = n, largest = 0;
      for (int rank = 0; rank < ranks; ++rank) {
        const RankShare share = rank_share(n, rank, ranks);
        BOOST_TEST(share.begin == next);
        next += share.count;
        smallest = std::min(smallest, share.count);
        largest = std::max(largest, share.count);
      }
      BOOST_TEST(next == n);
      BOOST_TEST(largest - smallest <= 1u);
      BOOST_TEST(static_cast<std::size_t>(largest_share(static_cast<int>(n), ranks)) == largest);
    }
}

BOOST_AUTO_TEST_CASE(ranks_train_what_one_process_trains) {
  const ToyData data(16 * 4 + 7, 21);
  RunConfig augmented = run_of("slvt");
  augmented.regularisation = {.shift = 2, .flip = true, .cutout = 8, .label_smoothing = 0.1};
  augmented.regularisation.weight_decay_theta = 1e-3;
  RunConfig terms = run_of("lwt");
  terms.modulation = "signed";
  terms.loss.terms = "task+smooth+align";
  const RunConfig direct = run_of("direct");
  RunConfig averaged = run_of("slvt");
  averaged.regularisation.ema = 0.9;
  RunConfig refreshed = run_of("slvt");
  refreshed.refresh.every = 2;
  for (const RunConfig& config : {augmented, terms, direct, averaged, refreshed})
    check_like_one_process(config, data.dataset);
}

// Of the last batch's one sample only the first rank has a share.
BOOST_AUTO_TEST_CASE(a_rank_without_a_share_of_the_last_batch_trains_on_with_the_others) {
  const ToyData data(16 * 3 + 1, 5);
  check_like_one_process(run_of("slvt"), data.dataset);
}

BOOST_AUTO_TEST_CASE(ranks_train_a_forecast) {
  const ToySeries series(24 * 10);
  RunConfig config = toy_run("lstm", series.dataset, "slvt");
  config.threads = 1;
  config.batch = 30;
  config.lr = 0.01;
  config.epochs = 1;
  check_like_one_process(config, series.dataset);
}

// Statistics are of each rank's own share: no such network equals that of one process. But all
// ranks must have the same one, and be able to evaluate it, whatever they had of the last batch.
BOOST_AUTO_TEST_CASE(ranks_agree_on_running_statistics) {
  const ToyPictures pictures(16, 5, 3);
  RunConfig config = toy_run("cnn3", pictures.dataset, "slvt");
  config.threads = 1;
  config.batch = 4;
  config.epochs = 1;
  const std::vector<Trained> all = train_on(2, config, pictures.dataset);
  BOOST_REQUIRE(!all[0].state.empty());
  for (const float value : all[0].state) BOOST_TEST(std::isfinite(value));
  BOOST_TEST((all[0].state == all[1].state));
  BOOST_TEST((all[0].values == all[1].values));
  BOOST_TEST(all[0].test.mean_iou.value() == all[1].test.mean_iou.value());

  const Network net = network_for(config, pictures.dataset);
  Session one(resolve(config, net), net, pictures.dataset, Purpose::evaluate);
  one.set_values(all[0].values);
  one.set_state(all[0].state);
  Session measured(resolve(config, net), net, pictures.dataset, Purpose::train);
  one.set_pixels(measured.pixels());
  const Metrics evaluated = one.evaluate(Split::test);
  BOOST_TEST(evaluated.samples == all[0].test.samples);
  BOOST_TEST(std::abs(evaluated.loss / all[0].test.loss - 1) < 1e-5);
  // Values and statistics are the same, sums of another order differ by some 1e-6: of the 765
  // pixels one may turn, in one run of a thousand. That changes the intersection or the union of
  // two classes by one. Of classes 0 and 1 the unions are their 381 or more labelled pixels at
  // least; the others, which no pixel has as its label, are at 0 however often they are answered.
  // (One that comes or goes with that pixel would count for more, and is rarer still.) The mean is
  // over two classes or more.
  constexpr double kPixels = 3 * (16 * 16 - 1), kLabelled = 3 * (16 * 8 - 1);
  BOOST_TEST(std::abs(evaluated.accuracy - all[0].test.accuracy) * kPixels < kOneHit);
  BOOST_TEST(std::abs(*evaluated.mean_iou - *all[0].test.mean_iou) <= 1 / kLabelled);
}

// So they must on the average of them (--ema), which is what is evaluated.
BOOST_AUTO_TEST_CASE(ranks_agree_on_the_average_of_running_statistics) {
  const ToyData data(16 * 3, 10);
  const Network net = normalised_network();
  RunConfig config = run_of("slvt");
  config.regularisation.ema = 0.8;
  const Recipe recipe = resolve(config, net);
  std::vector<std::vector<float>> own(2), shared(2);
  on_ranks(2, [&](const std::shared_ptr<Communicator>& ranks) {
    const auto rank = static_cast<std::size_t>(ranks->rank());
    Session session(recipe, net, data.dataset, Purpose::train, plan_arena, ranks);
    session.train_epoch(0);
    own[rank] = session.evaluated_state();
    session.evaluate(Split::test);
    shared[rank] = session.evaluated_state();
  });
  BOOST_TEST((own[0] != own[1]));
  BOOST_TEST((shared[0] == shared[1]));
  std::vector<float> mean = own[0];
  for (std::size_t i = 0; i < mean.size(); ++i) mean[i] = (own[0][i] + own[1][i]) / 2;
  BOOST_TEST((shared[0] == mean));
}

// Ranges are the largest of any rank's; a batch of 16 leaves no padding on 2 ranks.
BOOST_AUTO_TEST_CASE(ranks_calibrate_int8_together) {
  const ToyData data(16 * 4, 32);
  RunConfig config = run_of("slvt");
  config.add_ons.quantize = "int8";
  const Recipe recipe = recipe_of(config);
  const Network net = network_of(config);
  Session one(recipe, net, data.dataset, Purpose::train);
  const std::vector<float> values = one.values();
  const Metrics of_one = one.evaluate_int8(Split::test);
  on_ranks(2, [&](const std::shared_ptr<Communicator>& ranks) {
    Session session(recipe, net, data.dataset, Purpose::train, plan_arena, ranks);
    const Metrics m = session.evaluate_int8(Split::test);
    if (!ranks->first()) return;
    BOOST_TEST(m.samples == of_one.samples);
    BOOST_TEST(std::abs(m.loss / of_one.loss - 1) < 1e-4);
    BOOST_TEST(hits_apart(m, of_one) < kOneHit);
  });
}

// With as many as before to the same bits, with another number but for rounding.
BOOST_AUTO_TEST_CASE(any_number_of_ranks_goes_on_from_a_checkpoint) {
  const ToyData data(16 * 4 + 7, 21);
  const RunConfig config = run_of("slvt");
  const Recipe recipe = recipe_of(config);
  const Network net = network_of(config);
  const Trained whole = train(config, data.dataset, alone());
  const std::vector<float> on_two = train_on(2, config, data.dataset)[0].values;
  TrainingState state;
  on_ranks(2, [&](const std::shared_ptr<Communicator>& ranks) {
    Session session(recipe, net, data.dataset, Purpose::train, plan_arena, ranks);
    for (int step = 0; step < 2; ++step) session.train_step(step);
    TrainingState own = session.training_state();
    if (ranks->first()) state = std::move(own);
  });
  for (const int size : {1, 2, 3})
    on_ranks(size, [&](const std::shared_ptr<Communicator>& ranks) {
      Session session(recipe, net, data.dataset, Purpose::train, plan_arena, ranks);
      session.restore(state);
      const Metrics epoch = session.finish_epoch();
      if (!ranks->first()) return;
      BOOST_TEST(epoch.samples == whole.train.samples);
      BOOST_TEST(std::abs(epoch.loss / whole.train.loss - 1) < kLoss);
      BOOST_TEST(hits_apart(epoch, whole.train) < kOneHit);
      BOOST_TEST(apart(whole.values, session.values()) < kLatents);
      if (size == 2) BOOST_TEST((session.values() == on_two));
    });
}

BOOST_AUTO_TEST_CASE(what_cannot_be_shared_is_refused) {
  RunConfig config = run_of("slvt");
  const Recipe plain = recipe_of(config);
  require_shareable(plain, 16);
  check_fails<UsageError>([&] { require_shareable(plain, 17); }, {"--batch 16", "17 ranks"});
  config.loss.terms = "task+stab";
  const Recipe stable = recipe_of(config);
  require_shareable(stable, 1);
  check_fails<UsageError>([&] { require_shareable(stable, 2); }, {"stab"});
}

BOOST_AUTO_TEST_CASE(a_rank_that_has_other_values_is_named) {
  on_ranks(3, [](const std::shared_ptr<Communicator>& ranks) {
    require_same(*ranks, "the same", "differs");
    const std::string own = ranks->rank() == 2 ? "other values" : "the values";
    const auto compare = [&] { require_same(*ranks, own, "its values differ"); };
    if (ranks->rank() == 2)
      check_fails(compare, {"rank 2 of 3", "its values differ"});
    else
      compare();
  });
}

// As where ranks have other numbers of threads, or other processors: the same z would be other
// weights, and their mean gradient the gradient of nothing.
BOOST_AUTO_TEST_CASE(a_rank_that_learned_another_map_is_named) {
  const ToyData data(100, 10);
  on_ranks(2, [&](const std::shared_ptr<Communicator>& ranks) {
    RunConfig config = learned_run("kronecker");
    config.learned_map.seed = ranks->rank() == 1 ? 3 : 2;
    const Network net = network_of(config);
    const auto begin = [&] {
      Session(resolve(config, net), net, data.dataset, Purpose::train, plan_arena, ranks);
    };
    if (ranks->rank() == 1)
      check_fails(begin, {"rank 1 of 2", "its map was learned to other bits"});
    else
      begin();
  });
}

BOOST_AUTO_TEST_CASE(a_rank_that_reads_other_samples_is_named) {
  const ToySeries series(24 * 4), other(24 * 4, {}, 4);
  const RunConfig config = toy_run("lstm-1x8", series.dataset, "slvt");
  const Network net = network_for(config, series.dataset);
  on_ranks(2, [&](const std::shared_ptr<Communicator>& ranks) {
    const auto begin = [&] {
      const Dataset& own = (ranks->rank() == 1 ? other : series).dataset;
      Session(resolve(config, net), net, own, Purpose::train, plan_arena, ranks);
    };
    if (ranks->rank() == 1)
      check_fails(begin, {"rank 1 of 2", "reads other samples"});
    else
      begin();
  });
}

// On unlike machines, or beside other programs, the same flags may choose otherwise.
BOOST_AUTO_TEST_CASE(ranks_train_by_the_schedule_that_the_first_chooses) {
  const Dataset dataset = describe_dataset("fashion-mnist");
  std::vector<std::string> chosen(2);
  on_ranks(2, [&](const std::shared_ptr<Communicator>& ranks) {
    RunConfig config;
    config.device = "cpu";
    config.threads = 1;
    config.footprint.memory_budget = ranks->first() ? "48MiB" : "1GiB";
    const Network net = network_for(config, dataset);
    const Recipe recipe = fit_to_budget(config, resolve(config, net), net, dataset, ranks);
    chosen[static_cast<std::size_t>(ranks->rank())] = flags_of(recipe.footprint);
  });
  BOOST_TEST(chosen[0].find("--samples file") != std::string::npos, chosen[0]);
  BOOST_TEST(chosen[1] == chosen[0]);
}

namespace {

/// The first of two, whose other is lost before they begin.
class LosesTheOther : public ScriptedRanks {
 public:
  LosesTheOther()
      : ScriptedRanks([this](std::span<float>) {
          lost_ = true;
          throw LostRank("lost");
        }) {}
  std::string loss() const override { return lost_ ? "rank 1 of 2 is gone" : ""; }

 private:
  bool lost_ = false;
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_run_that_lost_a_rank_in_set_up_names_no_other_runs_checkpoint) {
  const ToyData data(16 * 4, 16);
  const Folder scratch;
  RunConfig config = run_of("slvt");
  stop_after(recipe_of(config), network_of(config), data.dataset, {.folder = scratch.path}, 2);
  const auto lose = [&](RunControl control, const std::string& way_on) {
    control.folder = scratch.path;
    control.ranks = std::make_shared<LosesTheOther>();
    check_fails<LostRank>(
        [&] { train_run(recipe_of(config), network_of(config), data.dataset, control); },
        {"rank 1 of 2 is gone", way_on});
  };
  lose({.resume = true}, "from epoch 1, step 2: --resume goes on from it");
  config.lr = 0.02;
  lose({.overwrite = true}, "no checkpoint was written before; begin again");
  BOOST_TEST(RunFolder{scratch.path}.interrupted());  // it is there still
}
