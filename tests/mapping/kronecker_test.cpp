#include <boost/test/unit_test.hpp>

#include "mapping/given_maps.hpp"
#include "mapping/map_harness.hpp"
#include "reference/map.hpp"

/// Kronecker maps against U Z V^T in double precision.
using namespace mapnet;
using namespace mapnet::test;

namespace {

/// theta of z, plain loops throughout.
struct Reference {
  const GivenMap* map;
  reference::Map rows;  // what becomes of u

  Reference(const GivenMap& of, reference::Activation activation, const Vector& base)
      : map(&of), rows{} {
    rows.activation = activation;
    rows.omega = static_cast<double>(of.desc.omega);
    rows.base = base;
    rows.base.resize(of.desc.target_size());
    for (const RowScale& s : of.desc.scales)
      rows.scale.insert(rows.scale.end(), s.rows, static_cast<double>(s.scale));
  }

  Vector theta(reference::View z) const {
    Vector all = reference_u(*map, z);
    for (std::size_t j = 0; j < all.size(); ++j)
      all[j] = rows.scale[j] * reference::sigma(rows, all[j]) + rows.base[j];
    return all;
  }

  /// d <theta, dtheta> / dz by central differences: off by 1e-9 or so, the bounds are above 1e-6.
  Vector gradient(const Vector& z, const Vector& dtheta) const {
    Vector g;
    for (std::size_t k = 0; k < z.size(); ++k) {
      const double h = 1e-5;
      Vector up = z, down = z;
      up[k] += h, down[k] -= h;
      const Vector above = theta(up), below = theta(down);
      double sum = 0;
      for (std::size_t j = 0; j < above.size(); ++j) sum += dtheta[j] * (above[j] - below[j]);
      g.push_back(sum / (2 * h));
    }
    return g;
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_kronecker_map_and_its_gradient_agree_with_the_reference) {
  GivenMap map = kronecker_map(matrix_shapes());
  const std::size_t d = map.desc.latent_size(), P = map.desc.target_size();
  const Vector z = exact_floats(d, 5, -2, 2), dtheta = exact_floats(P, 6);
  for (const bool random_base : {false, true})
    for (const auto& [activation, reference_activation] : kActivations) {
      map.desc.activation = activation;
      map.desc.omega = activation == Activation::sine ? 2.0f : 1.0f;
      map.desc.random_base = random_base;
      map.desc.seed = 3;
      const GivenRun fast = run_given(map, z, dtheta);
      BOOST_TEST(fast.base.size() == (random_base ? P : 0));
      const Reference reference(map, reference_activation, fast.base);
      check_kronecker(map, fast, reference.theta(z), reference.gradient(z, dtheta), z, dtheta, 1,
                      "activation " + std::to_string(int(activation)));
    }
}

BOOST_AUTO_TEST_CASE(a_kronecker_map_and_its_transpose_are_adjoint) {
  for (const MatrixShape& shape : matrix_shapes()) {
    GivenMap map = kronecker_map({shape});
    for (RowScale& s : map.desc.scales) s.scale = 1;
    const Vector z = exact_floats(shape.latents, 11);
    const Vector g = exact_floats(map.desc.target_size(), 12);
    const GivenRun run = run_given(map, z, g);
    const double left = reference::dot(run.theta, g), right = reference::dot(z, run.dz);
    const KroneckerBounds bounds(map, 0, z, g);
    BOOST_TEST(std::abs(left - right) <= bounds.u * norm(g) + bounds.dz * norm(z),
               "[" << shape.rows << ", " << shape.cols << "]: <A z, g> = " << left
                   << ", <z, A^T g> = " << right);
  }
}

// Orthonormal columns: with as many latents as Z has room for ||u|| is sqrt(rows cols / d) ||z||.
BOOST_AUTO_TEST_CASE(a_kronecker_map_keeps_lengths) {
  GivenMap map = kronecker_map({{70, 90, true, 56, 7, 8}});
  for (RowScale& s : map.desc.scales) s.scale = 1;
  const Vector z = exact_floats(56, 4), g(6300);
  const double length = std::sqrt(6300.0 / 56) * norm(z);
  // U's and V's entries and the sums are rounded: at random, so that lengths move by less.
  BOOST_TEST(std::abs(norm(run_given(map, z, g).theta) - length) < 1e-6 * length);
}
