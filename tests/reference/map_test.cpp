#include "reference/map.hpp"

#include <boost/test/unit_test.hpp>

#include "common/compare.hpp"
#include "reference/finite_difference.hpp"

using namespace mapnet::reference;
using mapnet::test::check_close;

namespace {

// clang-format off
const Map small{.params = 3, .latents = 2,
                .W = { 1, 10,
                       0,  1,
                       2, -1},
                .S = { 1, -1,
                       0,  1,
                      -1,  0},
                .scale = {1, 2, 4},
                .base = {0, 0.5, -1},
                .alpha = 0.5};
// clang-format on
const Vector z = {2, 4};  // z*z = 4 16, ||z||^2 = 20

Map with(Map map, Modulation modulation, Activation activation) {
  map.modulation = modulation;
  map.activation = activation;
  return map;
}

}  // namespace

BOOST_AUTO_TEST_CASE(modulations_worked_out_by_hand) {
  const auto u = [](Modulation modulation) {
    return map_preactivation(with(small, modulation, Activation::identity), z);
  };
  check_close(u(Modulation::none), Vector{42, 4, 0}, 0, 0, "W z");
  check_close(u(Modulation::scalar), Vector{42 + 10, 4 + 10, 0 + 10}, 0, 0, "W z + alpha ||z||^2");
  check_close(u(Modulation::signed_), Vector{42 - 6, 4 + 8, 0 - 2}, 0, 0, "W z + alpha S (z*z)");
}

BOOST_AUTO_TEST_CASE(a_modulator_of_its_own_stands_for_z) {
  const auto u = [](Modulation modulation) {
    Map map = with(small, modulation, Activation::identity);
    map.v = {1, -1};  // v*z = 2 -4, v.z = -2
    return map_preactivation(map, z);
  };
  check_close(u(Modulation::scalar), Vector{42 - 1, 4 - 1, 0 - 1}, 0, 0, "W z + alpha v.z");
  check_close(u(Modulation::signed_), Vector{42 + 3, 4 - 2, 0 - 1}, 0, 0, "W z + alpha S (v*z)");
}

BOOST_AUTO_TEST_CASE(activations_are_scaled_and_shifted) {
  Map map = with(small, Modulation::none, Activation::identity);
  check_close(map_forward(map, z), Vector{42, 8.5, -1}, 0, 0, "identity");
  map.activation = Activation::tanh;
  check_close(map_forward(map, z), Vector{std::tanh(42.), 2 * std::tanh(4.) + 0.5, -1}, 1e-15, 0,
              "tanh");
  map.activation = Activation::sine, map.omega = 0.25;
  check_close(map_forward(map, z), Vector{std::sin(10.5), 2 * std::sin(1.) + 0.5, -1}, 1e-15, 0,
              "sine");
}

BOOST_AUTO_TEST_CASE(every_gradient_of_the_map) {
  const std::size_t params = 9, latents = 4;
  Map map{.params = params,
          .latents = latents,
          .W = uniform(params * latents, 1),
          .S = uniform(params * latents, 2),
          .scale = uniform(params, 3, 0.5, 2),
          .base = uniform(params, 4),
          .alpha = 0.3,
          .omega = 1.7};
  const Vector at = uniform(latents, 5), dtheta = uniform(params, 6);
  for (const auto modulation : {Modulation::none, Modulation::scalar, Modulation::signed_})
    for (const auto activation : {Activation::identity, Activation::tanh, Activation::sine}) {
      map = with(map, modulation, activation);
      const auto f = [&](View v) { return dot(dtheta, map_forward(map, v)); };
      BOOST_TEST(gradient_error(f, at, map_backward(map, dtheta, at)) < gradient_tolerance);
    }
}

BOOST_AUTO_TEST_CASE(every_gradient_of_the_map_with_a_modulator_of_its_own) {
  const std::size_t params = 9, latents = 4;
  Map map{.params = params,
          .latents = latents,
          .W = uniform(params * latents, 1),
          .S = uniform(params * latents, 2),
          .scale = uniform(params, 3, 0.5, 2),
          .base = uniform(params, 4),
          .alpha = 0.3,
          .omega = 1.7};
  const Vector both = uniform(2 * latents, 5), dtheta = uniform(params, 6);  // (z | v)
  const auto at = [&](View values) {
    map.v.assign(values.begin() + latents, values.end());
    return values.first(latents);
  };
  for (const auto modulation : {Modulation::scalar, Modulation::signed_})
    for (const auto activation : {Activation::identity, Activation::tanh, Activation::sine}) {
      map = with(map, modulation, activation);
      const auto f = [&](View values) { return dot(dtheta, map_forward(map, at(values))); };
      const Vector gradient = map_backward(map, dtheta, at(both));
      BOOST_TEST(gradient_error(f, both, gradient) < gradient_tolerance);
    }
}
