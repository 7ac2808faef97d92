#include "reference/mapping_loss.hpp"

#include <boost/test/unit_test.hpp>

#include "common/compare.hpp"
#include "reference/finite_difference.hpp"

using namespace mapnet::reference;
using mapnet::test::check_close;

namespace {

constexpr std::size_t params = 9, latents = 4;

template <class Check>
void for_each_map(const Check& check) {
  for (const Modulation modulation : {Modulation::none, Modulation::scalar, Modulation::signed_})
    for (const Activation activation : {Activation::identity, Activation::tanh, Activation::sine}) {
      Map map{.params = params,
              .latents = latents,
              .W = uniform(params * latents, 1),
              .S = uniform(params * latents, 2),
              .scale = uniform(params, 3, 0.5, 2),
              .base = uniform(params, 4)};
      map.modulation = modulation;
      map.activation = activation;
      map.alpha = 0.3;
      map.omega = 1.5;
      check(map);
    }
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_jacobian_is_that_of_the_map) {
  const Vector z = uniform(latents, 5);
  for_each_map([&](const Map& map) {
    // Column i of J by central differences of theta, h as in gradient_error.
    const double h = 6e-6;
    double norm = 0;
    for (std::size_t i = 0; i < latents; ++i) {
      Vector above = z, below = z;
      above[i] += h, below[i] -= h;
      const Vector a = map_forward(map, above), b = map_forward(map, below);
      for (std::size_t j = 0; j < params; ++j) norm += (a[j] - b[j]) * (a[j] - b[j]) / (4 * h * h);
    }
    BOOST_TEST(std::abs(smoothness(map, z).value - norm) < gradient_tolerance * norm);
  });
}

BOOST_AUTO_TEST_CASE(every_gradient_of_the_mapping_loss) {
  const Vector z = uniform(latents, 6);
  for_each_map([&](const Map& map) {
    const auto smooth = [&](const Vector& x) { return smoothness(map, x).value; };
    const auto align = [&](const Vector& x) { return alignment(map, x).value; };
    BOOST_TEST(gradient_error(smooth, z, smoothness(map, z).gradient) < gradient_tolerance);
    BOOST_TEST(gradient_error(align, z, alignment(map, z).gradient) < gradient_tolerance);
  });
  const Vector logits = uniform(24, 7), perturbed = uniform(12, 8);
  const Stability s = stability(logits, perturbed, 3, 2, 4);
  const auto by_logits = [&](const Vector& x) { return stability(x, perturbed, 3, 2, 4).value; };
  const auto by_perturbed = [&](const Vector& x) { return stability(logits, x, 3, 2, 4).value; };
  BOOST_TEST(gradient_error(by_logits, logits, s.dlogits) < gradient_tolerance);
  BOOST_TEST(gradient_error(by_perturbed, perturbed, s.dperturbed) < gradient_tolerance);
}

BOOST_AUTO_TEST_CASE(the_probe_is_right_on_average) {
  const Vector z = uniform(latents, 9);
  for_each_map([&](const Map& map) {
    Term mean{0, Vector(latents)};
    for (unsigned signs = 0; signs < 1u << latents; ++signs) {
      Vector v(latents);
      for (std::size_t i = 0; i < latents; ++i) v[i] = signs >> i & 1 ? -1 : 1;
      const Term one = jacobian_product(map, z, v);
      mean.value += one.value / (1u << latents);
      for (std::size_t k = 0; k < latents; ++k)
        mean.gradient[k] += one.gradient[k] / (1u << latents);
    }
    const Term exact = smoothness(map, z);
    check_close(Vector{mean.value}, Vector{exact.value}, 1e-12, 1e-12, "value");
    check_close(mean.gradient, exact.gradient, 1e-12, 1e-12, "gradient");
  });
}
