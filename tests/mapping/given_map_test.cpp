#include <boost/test/unit_test.hpp>

#include "device/ops/smoothness.hpp"
#include "mapping/given_maps.hpp"
#include "reference/map.hpp"

/// Dense maps whose W is not drawn but written.
using namespace mapnet;
using namespace mapnet::test;

BOOST_AUTO_TEST_CASE(a_given_dense_map_agrees_with_the_reference) {
  const GivenMap map = given_dense_map(MapStorage::memory);
  const Vector z = exact_floats(71, 5, -2, 2), dtheta = exact_floats(434, 6);
  const GivenRun fast = run_given(map, z, dtheta);
  for (std::size_t i = 0; i < map.desc.blocks.size(); ++i) {
    const MapBlock& b = map.desc.blocks[i];
    const auto part = [](const Vector& of, std::size_t from, std::size_t n) {
      return Vector(of.begin() + long(from), of.begin() + long(from + n));
    };
    reference::Map ref{b.rows, b.latents, map.W[i], {}, Vector(b.rows), Vector(b.rows)};
    for (double& w : ref.W) w *= std::sqrt(double(b.rows) / double(b.latents));
    for (std::size_t r = 0; r < b.rows; ++r) ref.scale[r] = b.theta_offset + r < 200 ? 0.5 : 2.0;
    ref.activation = reference::Activation::sine;
    ref.omega = 2;
    const Vector block_z = part(z, b.latent_offset, b.latents);
    // Sums of d (forward) and P (backward) products of about 1, scaled by up to 2 and a slope of up
    // to 2.
    check_close(part(fast.theta, b.theta_offset, b.rows), reference::map_forward(ref, block_z),
                4 * sum_tolerance(b.latents), 1e-5, b.name + ": theta");
    check_close(part(fast.dz, b.latent_offset, b.latents),
                reference::map_backward(ref, part(dtheta, b.theta_offset, b.rows), block_z),
                8 * sum_tolerance(b.rows), 1e-5, b.name + ": dz");
  }
}

BOOST_AUTO_TEST_CASE(a_given_map_that_is_streamed_has_the_bits_of_one_in_memory) {
  const Vector z = exact_floats(71, 5, -2, 2), dtheta = exact_floats(434, 6);
  const GivenRun kept = run_given(given_dense_map(MapStorage::memory), z, dtheta);
  for (const Written written : {Written::early, Written::late}) {
    const GivenRun streamed =
        run_given(given_dense_map(MapStorage::streamed), z, dtheta, test_device(2), written);
    BOOST_TEST((streamed.theta == kept.theta));
    BOOST_TEST((streamed.dz == kept.dz));
  }
}

BOOST_AUTO_TEST_CASE(rows_do_not_go_beyond_the_end_of_pinned_memory) {
  if (!testing_cuda()) return;
  OpHarness h;
  h.schedule.begin(Phase::setup);
  const GivenMap map = given_dense_map(MapStorage::streamed);
  const MapState state = map_setup(h.schedule, map.desc);
  const std::vector<std::byte> bytes(dense_bytes(MapKind::dense, map.desc.blocks[1]) + 1);
  BOOST_CHECK_THROW(state.streamed[1]->write(0, bytes), std::exception);
  BOOST_CHECK_THROW(state.streamed[1]->write(bytes.size(), {}), std::exception);
  state.streamed[1]->write(1, std::span(bytes).first(bytes.size() - 2));
}

// They would be taken before W is there.
BOOST_AUTO_TEST_CASE(a_given_map_has_no_row_norms) {
  OpHarness h;
  h.schedule.begin(Phase::setup);
  for (const GivenMap& map :
       {given_dense_map(MapStorage::memory), kronecker_map(matrix_shapes())}) {
    const MapState state = map_setup(h.schedule, map.desc);
    BOOST_CHECK_THROW(map_row_norms(h.schedule, map.desc, state), std::exception);
  }
}
