#include <boost/test/unit_test.hpp>
#include <cstring>
#include <vector>

#include "device/cpu/dense_rows.hpp"
#include "device/cpu/hadamard.hpp"
#include "device/cpu/row_epilogue.hpp"
#include "reference/vector.hpp"

/// The loops of the map give the same bits on this CPU's level and on the lowest one.
namespace mapnet::lowest_level {
void hadamard_transform(float* x, std::size_t n);
void activate_rows(float* theta, float* kept_u, const float* u, const float* base, std::size_t n,
                   float scale, float shift, Activation activation, float omega);
void activation_gradient_rows(float* g, const float* dtheta, const float* u, std::size_t n,
                              float scale, Activation activation, float omega);
struct DenseRows {
  MapKind kind;
  const void* W;
  std::size_t ld;
  void add_forward(float* u, const float* z, float scale, std::size_t first,
                   std::size_t rows) const;
  void add_backward(float* dz, const float* g, std::size_t first, std::size_t rows) const;
};
}  // namespace mapnet::lowest_level

using namespace mapnet;

namespace {

std::vector<float> values(std::size_t n, std::uint64_t seed) {
  const reference::Vector v = reference::uniform(n, seed, -3, 3);
  return {v.begin(), v.end()};
}

void check_same_bits(const std::vector<float>& a, const std::vector<float>& b, const char* what) {
  BOOST_TEST(std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0, what);
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_transform_has_the_same_bits_on_every_level) {
  std::vector<float> here = values(4096, 1), there = here;
  cpu::hadamard_transform(here.data(), here.size());
  lowest_level::hadamard_transform(there.data(), there.size());
  check_same_bits(here, there, "transform");
}

BOOST_AUTO_TEST_CASE(activations_have_the_same_bits_on_every_level) {
  const std::size_t n = 1003;
  const std::vector<float> u = values(n, 2), base = values(n, 3), dtheta = values(n, 4);
  for (const Activation activation : {Activation::identity, Activation::tanh, Activation::sine}) {
    std::vector<float> theta(n), other_theta(n), g(n), other_g(n);
    cpu::activate_rows(theta.data(), nullptr, u.data(), base.data(), n, 0.7f, 0.1f, activation, 2);
    lowest_level::activate_rows(other_theta.data(), nullptr, u.data(), base.data(), n, 0.7f, 0.1f,
                                activation, 2);
    cpu::activation_gradient_rows(g.data(), dtheta.data(), u.data(), n, 0.7f, activation, 2);
    lowest_level::activation_gradient_rows(other_g.data(), dtheta.data(), u.data(), n, 0.7f,
                                           activation, 2);
    check_same_bits(theta, other_theta, "theta");
    check_same_bits(g, other_g, "gradient");
  }
}

BOOST_AUTO_TEST_CASE(dense_products_have_the_same_bits_on_every_level) {
  const std::size_t rows = 37, ld = 80;
  const std::vector<float> W = values(rows * ld, 5), z = values(ld, 6), g = values(rows, 7);
  std::vector<std::uint16_t> half;
  for (const float w : W) half.push_back(math::to_bf16(w));
  for (const MapKind kind : {MapKind::dense, MapKind::dense_bf16}) {
    const void* stored = kind == MapKind::dense ? static_cast<const void*>(W.data()) : half.data();
    std::vector<float> u(rows), other_u(rows), dz(ld), other_dz(ld);
    cpu::DenseRows{kind, stored, ld}.add_forward(u.data(), z.data(), 0.3f, 0, rows);
    lowest_level::DenseRows{kind, stored, ld}.add_forward(other_u.data(), z.data(), 0.3f, 0, rows);
    cpu::DenseRows{kind, stored, ld}.add_backward(dz.data(), g.data(), 0, rows);
    lowest_level::DenseRows{kind, stored, ld}.add_backward(other_dz.data(), g.data(), 0, rows);
    check_same_bits(u, other_u, "W z");
    check_same_bits(dz, other_dz, "W^T g");
  }
}
