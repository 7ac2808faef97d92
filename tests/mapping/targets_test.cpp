#include "mapping/targets.hpp"

#include <boost/test/unit_test.hpp>
#include <numeric>

#include "common/compare.hpp"
#include "common/temporary.hpp"
#include "mapping/map_harness.hpp"
#include "mapping/mapping.hpp"
#include "mapping/partition.hpp"

/// What a map's outputs stand for: theta, or shifts of it.
using namespace mapnet;
using namespace mapnet::test;

namespace {

const Network kCnn2 = build_network("cnn2", {1, 28, 28, 10});

Finetune all_layers(std::size_t share) {
  return {{{"conv1", 1}, {"conv2", 1}, {"fc1", 1}, {"fc2", 1}}, share, {}};
}

}  // namespace

BOOST_AUTO_TEST_CASE(groups_are_cut_a_tensor_at_a_time) {
  // 144 16 4608 32 102400 128 1280 10 weights
  const std::pair<std::size_t, std::size_t> counts[] = {
      {1, 108618}, {250, 1 + 1 + 19 + 1 + 410 + 1 + 6 + 1}, {25000, 1 + 1 + 1 + 1 + 5 + 1 + 1 + 1}};
  for (const auto& [share, groups] : counts) {
    const ShareDesc desc = share_desc(kCnn2, all_layers(share));
    BOOST_TEST(desc.output_size() == groups);
    BOOST_TEST(desc.target_size() == kCnn2.param_count());
    std::size_t theta = 0, output = 0;
    for (const ShareSpan& s : desc.spans) {
      BOOST_TEST(s.theta_offset == theta);
      BOOST_TEST(s.output_offset == output);
      theta += s.size, output += s.groups();
    }
    BOOST_TEST(finetune_targets(kCnn2, all_layers(share)).size() == groups);
  }
}

BOOST_AUTO_TEST_CASE(layers_that_are_not_chosen_are_frozen_and_have_no_outputs) {
  const Finetune some = {{{"conv2", 0.5}, {"fc2", 2}}, 10, {}};
  const ShareDesc desc = share_desc(kCnn2, some);
  BOOST_TEST(desc.output_size() == 461u + 4 + 128 + 1);
  for (const std::size_t frozen : {0u, 1u, 4u, 5u}) BOOST_TEST(desc.spans[frozen].share == 0u);
  BOOST_TEST(desc.spans[2].alpha == 0.5f);
  BOOST_TEST(desc.spans[7].alpha == 2.0f);
  MappingConfig config;
  config.strategy = Strategy::lwt;
  config.latents = {50, 20};
  config.finetune = some;
  const MapDesc map = make_map(kCnn2, config);
  BOOST_TEST(map.blocks.size() == 2u);
  BOOST_TEST(map.blocks[0].name == "conv2");
  BOOST_TEST(map.blocks[1].theta_offset == 465u);
  BOOST_TEST(map.blocks[1].rows == 129u);
  BOOST_TEST(map.target_size() == desc.output_size());
  BOOST_TEST(map.scales[0].scale == static_cast<float>(std::sqrt(2.0 / 144)));
  BOOST_CHECK_THROW(share_desc(kCnn2, {{{"conv9", 1}}, 1, {}}), UsageError);
}

BOOST_AUTO_TEST_CASE(a_new_head_is_shifted_weight_by_weight) {
  Finetune f = all_layers(250);
  f.fresh = {"fc2.weight", "fc2.bias"};
  const ShareDesc desc = share_desc(kCnn2, f);
  BOOST_TEST(desc.spans[6].share == 1u);
  BOOST_TEST(desc.spans[7].share == 1u);
  BOOST_TEST(desc.output_size() == 1u + 1 + 19 + 1 + 410 + 1 + 1280 + 10);
}

// The paper's d = 2048 with L = 25,000 has fewer outputs than latents.
BOOST_AUTO_TEST_CASE(shared_shifts_may_have_more_latents_than_outputs) {
  const Targets targets = finetune_targets(kCnn2, all_layers(25000));
  BOOST_TEST(targets.size() == 12u);
  BOOST_TEST(single_latent_blocks(targets, 2048).front().rows == 12u);
  BOOST_CHECK_THROW(single_latent_blocks(targets, 108619), UsageError);
  const auto latents = allot_latents(targets, 600);
  BOOST_TEST(std::accumulate(latents.begin(), latents.end(), std::size_t{0}) == 600u);
  BOOST_TEST(latents[0] <= 160u);
  BOOST_CHECK_NO_THROW(layer_wise_blocks(targets, latents));
}

BOOST_AUTO_TEST_CASE(a_hadamard_map_with_more_latents_than_outputs_agrees_with_the_reference) {
  for (const auto& [rows, d] : {std::pair<std::size_t, std::size_t>{12, 100}, {30, 64}, {1, 17}}) {
    const MapDesc desc = one_block(MapKind::hadamard, rows, d, 9);
    const Vector z = exact_floats(d, 1), v = exact_floats(rows, 2);
    const MapRun run = run_map(desc, z, v);
    reference::Map ref{rows, d, {}, {}, Vector(rows, 1.0), Vector(rows, 0.0)};
    ref.W = hadamard_map(rows, d, 9, Stream::map_outer_signs, Stream::map_inner_signs, 0);
    check_close(run.theta, reference::map_forward(ref, z), sum_tolerance(d), 1e-5, "o");
    check_close(run.dz, reference::map_backward(ref, v, z), sum_tolerance(rows), 1e-5, "dz");
  }
}
