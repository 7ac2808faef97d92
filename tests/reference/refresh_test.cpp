#include "reference/refresh.hpp"

#include <boost/test/unit_test.hpp>

#include "common/compare.hpp"
#include "reference/finite_difference.hpp"

using namespace mapnet::reference;
using mapnet::test::check_close;

BOOST_AUTO_TEST_CASE(a_refresh_keeps_theta_and_gradients_go_on_from_it) {
  const std::size_t params = 9, d = 4;
  for (const auto modulation : {Modulation::none, Modulation::scalar, Modulation::signed_})
    for (const auto activation : {Activation::identity, Activation::tanh, Activation::sine}) {
      Map map{.params = params,
              .latents = d,
              .W = uniform(params * d, 1),
              .S = uniform(params * d, 2),
              .scale = uniform(params, 3, 0.5, 2),
              .base = uniform(params, 4),
              .modulation = modulation,
              .activation = activation,
              .alpha = 0.3,
              .omega = 1.7};
      Latents latents{uniform(d, 5), uniform(d, 6), {1, 2, 3, 6}};
      const Vector dtheta = uniform(params, 7);
      for (std::uint64_t round = 1; round < 4; ++round) {
        const Vector before = map_forward(map, latents.z);
        refresh(map, latents, uniform(params * d, 10 * round), uniform(params * d, 10 * round + 1));
        check_close(map_forward(map, latents.z), before, 0, 0, "theta");
        check_close(latents.v, Vector(d, 3), 0, 0, "v");
        check_close(latents.m, Vector(d), 0, 0, "m");
        const auto f = [&](View z) { return dot(dtheta, map_forward(map, z)); };
        for (const Vector& at : {Vector(d), uniform(d, 20 + round)})
          BOOST_TEST(gradient_error(f, at, map_backward(map, dtheta, at)) < gradient_tolerance);
        latents.z = uniform(d, 30 + round);
      }
    }
}
