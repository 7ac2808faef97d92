#include <boost/test/unit_test.hpp>

#include "common/compare.hpp"
#include "train/pretrained_file.hpp"
#include "train/recipes.hpp"
#include "train/session.hpp"
#include "train/toy_data.hpp"

using namespace mapnet;
using namespace mapnet::test;

namespace {

/// Epochs of two steps and a padded third; on an emulated GPU of one step and a padded second.
std::size_t sample_count() { return testing_emulated() ? 26 : 42; }

/// Values after two epochs and an evaluation in between.
std::vector<float> train(const ToyData& data, const RunConfig& config,
                         Plan (*planner)(std::vector<Lifetime>) = plan_arena) {
  const Recipe recipe = recipe_of(config);
  Session session(recipe, network(config.net), data.dataset, Purpose::train, planner);
  session.train_epoch(0);
  session.evaluate(Split::test);
  session.train_epoch(1);
  return session.values();
}

std::vector<RunConfig> runs(const Folder& folder) {
  std::vector<RunConfig> all = {small_run("direct"), small_run("slvt"), small_run("lwt")};
  all[1].modulation = "signed";
  RunConfig dense = small_run("slvt");
  dense.latent = 40;
  dense.map = "dense";
  dense.activation = "tanh";
  all.push_back(dense);
  RunConfig cnn1 = small_run("slvt");
  cnn1.net = "cnn1";
  all.push_back(cnn1);
  RunConfig finetuning = small_run("slvt");
  finetuning.finetune.pretrained = write_pretrained(folder, network("cnn2")).string();
  finetuning.finetune.share = 30;
  all.push_back(finetuning);
  for (const char* variant : {"lv-wmap", "lv-fulldnn", "full-dnn"}) {
    all.push_back(small_run("slvt"));
    all.back().variant.name = variant;
    all.back().latent = 10;
  }
  return all;
}

}  // namespace

BOOST_AUTO_TEST_CASE(neither_a_rerun_nor_sharing_memory_changes_a_bit) {
  const ToyData data(sample_count(), 20);
  const Folder folder;
  for (const RunConfig& config : runs(folder)) {
    const std::vector<float> first = train(data, config);
    BOOST_TEST(same_bits(first, train(data, config)), config.strategy << " again");
    BOOST_TEST(same_bits(first, train(data, config, plan_arena_without_reuse)),
               config.strategy << " where no buffer shares memory");
  }
}

BOOST_AUTO_TEST_CASE(another_number_of_threads_gives_nearly_the_same) {
  const ToyData data(90, 20);
  RunConfig config = small_run("slvt");
  config.lr = 1e-3;  // twelve small steps: rounding has no time to grow
  config.threads = 1;
  const std::vector<float> one = train(data, config);
  config.threads = 2;
  const std::vector<float> two = train(data, config);
  // Adam turns a gradient's rounding of 1e-5 relative into the same share of a step, but for values
  // whose gradient is itself near zero: a tenth of a step for those.
  check_close(two, one, 1e-4, 0, "latents after 12 steps of 1e-3");
}

BOOST_AUTO_TEST_CASE(another_seed_gives_another_run) {
  const ToyData data(90, 20);
  RunConfig config = small_run("slvt");
  const std::vector<float> one = train(data, config);
  config.seed = 6;
  BOOST_TEST(!same_bits(one, train(data, config)));
}
