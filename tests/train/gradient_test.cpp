#include <boost/test/unit_test.hpp>

#include "common/compare.hpp"
#include "device/ops/prune.hpp"
#include "reference/mask.hpp"
#include "reference/nets.hpp"
#include "train/recipes.hpp"
#include "train/reference_step.hpp"
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
  Vector theta = z, dz;
  const bool direct = recipe.mapping.strategy == Strategy::direct;
  const MapDesc desc = direct ? MapDesc{} : make_map(network_, recipe.mapping);
  if (!direct) {
    theta.clear();
    for (std::size_t i = 0; i < desc.blocks.size(); ++i) {
      const auto part =
          reference::View(z).subspan(desc.blocks[i].latent_offset, desc.blocks[i].latents);
      const Vector rows = reference::map_forward(reference_map(desc, i), part);
      theta.insert(theta.end(), rows.begin(), rows.end());
    }
  }
  std::vector<bool> kept;
  for (std::size_t j = 0; j < theta.size(); ++j)
    kept.push_back(session.pruned().empty() || !is_pruned(session.pruned().data(), j));
  theta = reference::mask(theta, kept);
  auto want = reference::loss_and_gradient(net, theta, batch.x, batch.labels);
  want.dtheta = reference::mask(want.dtheta, kept);
  if (!direct)
    for (std::size_t i = 0; i < desc.blocks.size(); ++i) {
      const MapBlock& b = desc.blocks[i];
      const Vector part = reference::map_backward(
          reference_map(desc, i), reference::View(want.dtheta).subspan(b.theta_offset, b.rows),
          reference::View(z).subspan(b.latent_offset, b.latents));
      dz.insert(dz.end(), part.begin(), part.end());
    }

  const StepControl sums = session.control();
  BOOST_TEST(std::abs(sums.loss_sum / double(n) - want.loss) < 1e-4 * want.loss);
  BOOST_TEST(sums.correct == static_cast<std::int64_t>(want.correct));
  // Activations and weights carry relative errors of about sqrt(terms) 2^-24 a layer, a few 1e-6 in
  // all; the floor is that share of the largest gradient.
  if (!direct) {
    check_close(session.theta(), theta, 1e-5, 1e-5, "theta");
    check_close(session.gradient(), dz, 1e-4 * largest(dz), 1e-4, "dz");
  }
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
