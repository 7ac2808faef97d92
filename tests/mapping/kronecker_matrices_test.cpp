#include <boost/test/unit_test.hpp>
#include <numeric>

#include "common/temporary.hpp"
#include "mapping/kronecker.hpp"
#include "mapping/partition.hpp"

/// Which matrices a Kronecker map makes of a network's parameters.
using namespace mapnet;
using namespace mapnet::test;

// Every parameter in one matrix's place and every latent in one Z, whatever the network.
BOOST_AUTO_TEST_CASE(matrices_cover_theta_and_the_latents_once) {
  struct Case {
    const char* net;
    NetworkInput input;
  };
  for (const Case& c :
       {Case{"cnn1", {1, 28, 28, 10}}, Case{"cnn2", {1, 28, 28, 10}}, Case{"cnn3", {3, 64, 64, 12}},
        Case{"resnet18", {3, 32, 32, 10}}, Case{"lstm", {24, 1, 1, 1}}}) {
    const Network net = build_network(c.net, c.input);
    const Targets targets = parameter_targets(net);
    for (const std::size_t total : {400u, 2049u}) {
      const std::vector<MapBlock> blocks =
          layer_wise_blocks(targets, allot_latents(targets, total));
      std::vector<int> covered(net.param_count()), used(total);
      for (const KroneckerMatrix& m : kronecker_matrices(net, targets, blocks)) {
        BOOST_TEST_CONTEXT(c.net << " " << m.name) {
          BOOST_TEST((m.left >= 1 && m.left <= m.rows && m.right >= 1 && m.right <= m.cols));
          BOOST_TEST((m.latents <= m.left * m.right && m.latents > (m.left - 1) * m.right));
        }
        for (std::size_t i = 0; i < m.rows * m.weight_cols(); ++i) ++covered[m.offset + i];
        for (std::size_t i = 0; m.has_bias && i < m.rows; ++i) ++covered[m.bias_offset + i];
        for (std::size_t k = 0; k < m.latents; ++k) ++used[m.latent_offset + k];
      }
      const auto once = [](const std::vector<int>& counts) {
        return std::ranges::all_of(counts, [](int n) { return n == 1; });
      };
      BOOST_TEST(once(covered), c.net << " " << total);
      BOOST_TEST(once(used), c.net << " " << total);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_bias_goes_with_its_weight_and_the_lstm_has_two_of_each) {
  const Network net = build_network("lstm", {24, 1, 1, 1});
  const Targets targets = parameter_targets(net);
  const auto blocks = layer_wise_blocks(targets, allot_latents(targets, 256));
  const auto matrices = kronecker_matrices(net, targets, blocks);
  const auto found = std::ranges::find(matrices, "lstm.weight_hh_l0", &KroneckerMatrix::name);
  BOOST_REQUIRE((found != matrices.end()));
  BOOST_TEST(found->has_bias);
  BOOST_TEST(found->bias_offset == net.param("lstm.bias_hh_l0").offset);
  BOOST_TEST(found->cols == found->rows / 4 + 1);
}

// A layer's matrices never take the next layer's latents, nor any beyond the last.
BOOST_AUTO_TEST_CASE(a_layer_with_fewer_latents_than_matrices_is_refused_by_name) {
  const Network net = build_network("resnet18", {3, 32, 32, 10});
  const Targets targets = parameter_targets(net);
  check_fails<UsageError>(
      [&] {
        kronecker_matrices(net, targets, layer_wise_blocks(targets, allot_latents(targets, 32)));
      },
      {"layer conv1 ", "1 of the latents", "2 matrices"});
}
