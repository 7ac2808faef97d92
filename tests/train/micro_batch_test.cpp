#include <boost/test/unit_test.hpp>

#include "common/error.hpp"
#include "train/arena_of.hpp"
#include "train/pretrained_file.hpp"
#include "train/recipes.hpp"
#include "train/stopped_run.hpp"
#include "train/thread_ranks.hpp"
#include "train/toy_data.hpp"
#include "train/trained_twice.hpp"

/// A batch that goes through the network in parts is trained on as if it went through whole.
using namespace mapnet;
using namespace mapnet::test;

namespace {

/// Five whole batches of 16 and one of 10 samples; the last part of that is half empty.
const ToyData& uneven_digits() {
  static const ToyData data(90, 20);
  return data;
}

RunConfig in_parts(RunConfig config, int micro) {
  config.footprint.micro_batch = micro;
  return config;
}

/// Every way to train that has a gradient of its own.
std::vector<RunConfig> runs(const Folder& folder) {
  std::vector<RunConfig> all = {small_run("direct"), small_run("slvt"), small_run("lwt"),
                                small_run("slvt"),   small_run("slvt"), small_run("slvt")};
  all[1].modulation = "signed";
  all[1].activation = "sine";
  all[2].regularisation = {.shift = 2,
                           .flip = true,
                           .cutout = 8,
                           .label_smoothing = 0.1,
                           .weight_decay = 0.01,
                           .weight_decay_theta = 1e-2,
                           .ema = 0.9};
  all[3].finetune.pretrained = write_pretrained(folder, network("cnn2")).string();
  all[3].finetune.share = 30;
  all[4].loss.terms = "task+smooth+align";
  all[4].modulation = "signed";
  all[5].variant.name = "full-dnn";
  all[5].latent = 10;
  if (testing_cuda()) all.resize(2);  // minutes on an emulated GPU; what follows theta is the same
  for (RunConfig& config : all) {
    config.lr = 1e-3;  // rounding has no time to grow
    config.batch = 16;
  }
  return all;
}

}  // namespace

// A gradient is a sum over the samples, in another order: sixteen more roundings of 2^-24 of parts
// that may cancel; the root of the mean square is held to 1e-5 of its own. Values have moved by
// twelve steps of 1e-3 then, and Adam turns what is near zero into whole steps.
//
// On a real GPU cuDNN may choose another engine for a part than for the whole batch, Winograd's
// among them. Activations are off by some 1e-6 then, and each ReLU at zero or maximum of equals
// that changes sides moves the gradient by 1e-3 or so: see batch_padding_test.cpp, whose bound this
// is. Of a gradient off by that much one value in 25 has the other sign and takes Adam's step the
// other way; the losses, which such a side does not move, follow the values. A part that was left
// out would be off by 1/16 or more.
BOOST_AUTO_TEST_CASE(gradients_are_those_of_the_whole_batch) {
  const bool other_engines = testing_cuda() && !testing_emulated();
  const double gradient = other_engines ? 0.05 : 1e-5, values = other_engines ? 0.05 : 2e-3,
               train_loss = other_engines ? 0.01 : 1e-4, test_loss = other_engines ? 0.01 : 1e-3;
  const Folder folder;
  for (const RunConfig& config : runs(folder)) {
    const Trained whole = trained(config, uneven_digits().dataset);
    for (const int micro : {8, 6, 1}) {
      const bool often = config.strategy == "slvt" && !testing_cuda();
      if (micro != 6 && !often) continue;  // once is enough
      const Trained parts = trained(in_parts(config, micro), uneven_digits().dataset);
      BOOST_TEST_CONTEXT(config.strategy << " micro-batch " << micro) {
        BOOST_TEST(apart(parts.first_gradient, whole.first_gradient) < gradient);
        BOOST_TEST(apart(parts.values, whole.values) < values);
        BOOST_TEST(std::abs(parts.train.loss - whole.train.loss) < train_loss * whole.train.loss);
        BOOST_TEST(std::abs(parts.test.loss - whole.test.loss) < test_loss * whole.test.loss);
        BOOST_TEST(parts.train.samples == whole.train.samples);
        BOOST_TEST(parts.test.samples == whole.test.samples);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(forecasts_are_trained_in_parts) {
  const ToySeries series(24 * 8);
  RunConfig config = toy_run("lstm", series.dataset, "slvt");
  config.batch = 32;
  config.lr = 1e-3;
  const Trained whole = trained(config, series.dataset);
  const Trained parts = trained(in_parts(config, 12), series.dataset);
  BOOST_TEST(apart(parts.first_gradient, whole.first_gradient) < 1e-5);
  BOOST_TEST(apart(parts.values, whole.values) < 2e-3);
}

// With a normalisation each part is measured by itself, so the training is another one, and a
// good one: it learns what the whole batch learns. Its running statistics have moved once a part.
BOOST_AUTO_TEST_CASE(normalisations_measure_each_part) {
  if (testing_cuda()) return;  // half a minute on an emulated GPU; the steps are the same
  const ToyPictures pictures(32, 12, 4);
  RunConfig config = toy_run("cnn3", pictures.dataset, "direct");
  config.batch = 4;
  config.lr = 3e-3;
  const Trained whole = trained(config, pictures.dataset);
  const Trained parts = trained(in_parts(config, 2), pictures.dataset);
  BOOST_TEST(apart(parts.first_gradient, whole.first_gradient) > 1e-4);
  BOOST_TEST(apart(parts.state, whole.state) > 1e-4);
  BOOST_TEST(parts.train.loss < 1.5 * whole.train.loss);
  BOOST_TEST(parts.train.samples == whole.train.samples);
}

BOOST_AUTO_TEST_CASE(a_rerun_in_parts_gives_the_same_bits_in_less_memory) {
  const Folder folder;
  const RunConfig config = in_parts(small_run("slvt"), 4);
  const Trained once = trained(config, uneven_digits().dataset);
  BOOST_TEST(once.same_bits(trained(config, uneven_digits().dataset)));
  BOOST_TEST(once.same_bits(trained(config, uneven_digits().dataset, plan_arena_without_reuse)));
  BOOST_TEST(arena_of(config, network("cnn2")) < arena_of(small_run("slvt"), network("cnn2")));
}

// A recipe leaves out a --micro-batch of that size; what is asked here is the schedule.
BOOST_AUTO_TEST_CASE(a_part_as_large_as_the_batch_is_the_batch) {
  const RunConfig config = small_run("slvt");
  BOOST_TEST(recipe_of(in_parts(config, config.batch)).footprint.micro_batch == 0);
  Recipe one_part = recipe_of(config);
  one_part.footprint.micro_batch = config.batch;
  const Trained whole = trained(config, uneven_digits().dataset),
                part = trained(one_part, network_of(config), uneven_digits().dataset);
  BOOST_TEST(part.same_bits(whole));
  BOOST_TEST(part.arena_bytes == whole.arena_bytes);
}

BOOST_AUTO_TEST_CASE(a_training_in_parts_goes_on_where_it_was_stopped) {
  for (const char* strategy : {"direct", "lwt"}) {
    if (testing_cuda() && std::string(strategy) == "direct") continue;
    RunConfig config = in_parts(small_run(strategy), 6);
    config.epochs = 2;
    const Recipe recipe = recipe_of(config);
    const Folder scratch;
    const RunFolder whole{scratch.path / "whole"}, parts{scratch.path / "parts"};
    const Network net = network_of(config);
    train_run(recipe, net, uneven_digits().dataset, {.folder = whole.path});
    stop_after(recipe, net, uneven_digits().dataset, {.folder = parts.path, .resume = true}, 7);
    train_run(recipe, net, uneven_digits().dataset, {.folder = parts.path, .resume = true});
    check_same(left_in(whole), left_in(parts));
  }
}

BOOST_AUTO_TEST_CASE(ranks_cut_their_shares_into_parts) {
  if (testing_cuda()) return;  // ranks are threads here, which the emulated GPU knows nothing of
  RunConfig config = small_run("slvt");
  config.lr = 1e-3;
  config.threads = 1;
  const Trained whole = trained(config, uneven_digits().dataset);
  config = in_parts(config, 3);  // of shares of 8 and 5
  std::vector<std::vector<float>> gradients(2), values(2);
  on_ranks(2, [&](const std::shared_ptr<Communicator>& own) {
    Session session(recipe_of(config), network_of(config), uneven_digits().dataset, Purpose::train,
                    plan_arena, own);
    const auto rank = static_cast<std::size_t>(own->rank());
    session.begin_epoch(0);
    session.train_step(0);
    gradients[rank] = session.gradient();
    session.finish_epoch();
    session.train_epoch(1);
    BOOST_TEST(session.evaluate(Split::test).samples == 20u);
    values[rank] = session.values();
  });
  BOOST_TEST((values[0] == values[1]));
  BOOST_TEST(apart(gradients[0], whole.first_gradient) < 1e-5);
  BOOST_TEST(apart(values[0], whole.values) < 2e-3);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_cut_up_is_refused_by_name) {
  const auto refuses = [](std::initializer_list<std::string> words, auto&& change) {
    RunConfig c = small_run("slvt");
    change(c);
    check_fails<UsageError>([&] { recipe_of(c); }, words);
  };
  refuses({"--micro-batch"}, [](RunConfig& c) { c.footprint.micro_batch = 0; });
  refuses({"--micro-batch", "--batch"}, [](RunConfig& c) { c.footprint.micro_batch = 17; });
  refuses({"--micro-batch", "--loss"},
          [](RunConfig& c) { c.footprint.micro_batch = 4, c.loss.terms = "task+stab"; });
}
