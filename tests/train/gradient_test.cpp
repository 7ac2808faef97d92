#include <boost/test/unit_test.hpp>

#include "common/compare.hpp"
#include "device/ops/prune.hpp"
#include "reference/mask.hpp"
#include "reference/nets.hpp"
#include "train/pretrained_file.hpp"
#include "train/recipes.hpp"
#include "train/reference_mapping.hpp"
#include "train/toy_data.hpp"

/// One real training step, from pixels through the mapping, the network and the loss to the
/// gradient of the latents, against the double-precision reference.
using namespace mapnet;
using namespace mapnet::test;

namespace {

void check_step(const RunConfig& config, const reference::Net& net) {
  const ToyData data(64, 10);
  const Recipe recipe = recipe_of(config);
  const Network network_ = network_of(config);
  Session session(recipe, network_, data.dataset, Purpose::train, plan_arena_without_reuse);
  const std::vector<float> values = session.values();
  const Vector z(values.begin(), values.end());
  session.begin_epoch(0);
  session.prune_if_due(0);
  session.train_step(0);

  const std::size_t n = static_cast<std::size_t>(config.batch);
  const Batch batch = first_batch(session, n);
  const bool direct = recipe.mapping.strategy == Strategy::direct;
  const bool finetune = recipe.mapping.finetune.on();
  const ReferenceMapping mapping(recipe, network_);
  Vector theta = mapping.theta(z);
  const std::vector<std::uint32_t> pruned = session.pruned();
  std::vector<bool> kept;
  for (std::size_t j = 0; j < theta.size(); ++j)
    kept.push_back(pruned.empty() || !is_pruned(pruned.data(), j));
  theta = reference::mask(theta, kept);
  auto want = reference::loss_and_gradient(net, theta, batch.x, batch.labels);
  want.dtheta = reference::mask(want.dtheta, kept);
  const Vector dz = mapping.gradient(z, want.dtheta);

  const StepControl sums = session.control();
  BOOST_TEST(std::abs(sums.loss_sum / double(n) - want.loss) < 1e-4 * want.loss);
  BOOST_TEST(sums.correct == static_cast<std::int64_t>(want.correct));
  // Activations and weights carry relative errors of about sqrt(terms) 2^-24 a layer, a few 1e-6 in
  // all; the floor is that share of the largest gradient.
  if (!direct) {
    check_close(session.theta(), theta, 1e-5, 1e-5, "theta");
    check_close(session.gradient(), dz, 1e-4 * largest(dz), 1e-4, "dz");
  }
  if (finetune && recipe.mapping.finetune.layers.size() < 4) return;  // frozen layers have none
  check_close(session.dtheta(), want.dtheta, 1e-4 * largest(want.dtheta), 1e-4, "dtheta");
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_direct_step_of_each_network_agrees_with_the_reference) {
  RunConfig c = small_run("direct");
  check_step(c, reference::cnn2());
  c.net = "cnn1";
  c.batch = 4;
  check_step(c, reference::cnn1());
}

BOOST_AUTO_TEST_CASE(a_mapped_step_agrees_with_the_reference) {
  RunConfig c = small_run("slvt");
  c.latent = 64;
  c.modulation = "signed";
  c.activation = "sine";
  check_step(c, reference::cnn2());
  c.modulation = "scalar";
  c.activation = "tanh";
  check_step(c, reference::cnn2());
}

BOOST_AUTO_TEST_CASE(a_step_of_a_low_rank_network_agrees_with_the_reference) {
  for (const char* strategy : {"direct", "slvt", "lwt"}) {
    RunConfig c = small_run(strategy);
    c.add_ons.low_rank = "fc1:8,fc2:3";
    check_step(c, reference::low_rank_cnn2(8, 3));
  }
}

BOOST_AUTO_TEST_CASE(a_step_of_a_pruned_network_agrees_with_the_reference) {
  for (const char* strategy : {"direct", "slvt", "lwt"}) {
    RunConfig c = small_run(strategy);
    if (c.strategy == "slvt") c.latent = 64;  // the reference writes its maps out
    if (c.strategy == "lwt") c.latents = {16, 20, 40, 16};
    c.add_ons.prune = 0.9;
    c.add_ons.prune_at = 0;
    if (c.strategy == "slvt") c.activation = "tanh";
    check_step(c, reference::cnn2());
  }
}

BOOST_AUTO_TEST_CASE(a_layer_wise_step_agrees_with_the_reference) {
  RunConfig c = small_run("lwt");
  c.latents = {16, 20, 40, 16};
  c.modulation = "signed";
  check_step(c, reference::cnn2());
}

BOOST_AUTO_TEST_CASE(a_step_with_a_modulator_of_its_own_agrees_with_the_reference) {
  RunConfig c = small_run("slvt");
  c.variant.name = "lv-wmap";
  c.latent = 64;
  c.alpha = 0.01;  // scalar
  check_step(c, reference::cnn2());
  c = small_run("lwt");
  c.variant.name = "lv-wmap";
  c.latents = {16, 20, 40, 16};
  c.modulation = "signed";
  c.activation = "tanh";
  check_step(c, reference::cnn2());
}

BOOST_AUTO_TEST_CASE(a_step_that_trains_its_map_agrees_with_the_reference) {
  RunConfig c = small_run("slvt");
  c.variant.name = "lv-fulldnn";
  c.latent = 5;
  check_step(c, reference::cnn2());
  c.variant = {"full-dnn", 13};
  c.latent = 31;
  check_step(c, reference::cnn2());
}

BOOST_AUTO_TEST_CASE(a_fine_tuning_step_agrees_with_the_reference) {
  const Folder folder;
  RunConfig c = small_run("slvt");
  c.latent = 64;
  c.latent_std = 0.5;  // at z = 0 a modulation would have no gradient
  c.modulation = "signed";
  c.activation = "tanh";
  c.finetune.pretrained = write_pretrained(folder, network("cnn2")).string();
  c.finetune.share = 50;
  c.finetune.alpha = {"0.5", "fc1:0.25"};
  check_step(c, reference::cnn2());
  c.finetune.layers = {"fc1", "fc2"};
  c.finetune.share = 25000;  // 7 outputs from 64 latents
  check_step(c, reference::cnn2());
  c = small_run("lwt");
  c.latents = {16, 40, 16};
  c.latent_std = 0.5;
  c.finetune.pretrained = write_pretrained(folder, network("cnn2")).string();
  c.finetune.layers = {"fc2", "conv2", "fc1"};
  c.finetune.alpha = {"conv2:2"};
  c.finetune.share = 7;
  check_step(c, reference::cnn2());
}
