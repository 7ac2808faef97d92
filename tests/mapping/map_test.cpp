#include <boost/test/unit_test.hpp>
#include <map>

#include "common/compare.hpp"
#include "mapping/map_harness.hpp"

/// The fast map, forward and backward, against the double-precision reference on the written-out
/// matrices, for every kind, modulation and activation.
using namespace mapnet;
using namespace mapnet::test;

namespace {

struct Shape {
  std::size_t rows, d;
};
// Whole tiles; a rest; d no power of two; fewer rows than points; tiny d; more tiles than groups.
const Shape kShapes[] = {{256, 64}, {301, 64}, {333, 50}, {100, 90}, {77, 5}, {1000, 16}};
const MapKind kKinds[] = {MapKind::hadamard, MapKind::dense, MapKind::dense_bf16};
const std::pair<Modulation, reference::Modulation> kModulations[] = {
    {Modulation::none, reference::Modulation::none},
    {Modulation::scalar, reference::Modulation::scalar},
    {Modulation::signed_, reference::Modulation::signed_}};

/// sqrt(P / d) times the stored, orthonormal W.
Vector unit_rows(const Vector& W, std::size_t rows, std::size_t d) {
  Vector scaled = W;
  for (double& w : scaled) w *= std::sqrt(double(rows) / double(d));
  return scaled;
}

}  // namespace

BOOST_AUTO_TEST_CASE(forward_and_backward_agree_with_the_reference) {
  for (const Shape s : kShapes)
    for (const MapKind kind : kKinds)
      for (const auto& [modulation, ref_modulation] : kModulations)
        for (const auto& [activation, ref_activation] : kActivations) {
          MapDesc desc = one_block(kind, s.rows, s.d, 21);
          desc.modulation = modulation;
          desc.alpha = modulation == Modulation::scalar ? 0.01f : 0.3f;
          desc.activation = activation;
          desc.omega = activation == Activation::sine ? 2.0f : 1.0f;
          const std::size_t first = s.rows / 3;  // two tensors, two scales, a tile across both
          desc.scales = {{0, first, 0.5f}, {first, s.rows - first, 2.0f}};
          const Vector z = exact_floats(s.d, 5, -2, 2), dtheta = exact_floats(s.rows, 6);
          const MapRun fast = run_map(desc, z, dtheta);

          reference::Map ref{s.rows, s.d, {}, {}, Vector(s.rows, 2.0), Vector(s.rows, 0.0)};
          std::fill_n(ref.scale.begin(), first, 0.5);
          ref.modulation = ref_modulation;
          ref.activation = ref_activation;
          ref.alpha = static_cast<double>(desc.alpha);
          ref.omega = static_cast<double>(desc.omega);
          ref.W = kind == MapKind::hadamard ? hadamard_map(s.rows, s.d, 21, Stream::map_outer_signs,
                                                           Stream::map_inner_signs, 0)
                                            : unit_rows(fast.dense[0], s.rows, s.d);
          if (modulation == Modulation::signed_)
            ref.S = hadamard_map(s.rows, s.d, 21, Stream::modulation_outer,
                                 Stream::modulation_inner, 0);
          const std::string what = "rows " + std::to_string(s.rows) + ", d " + std::to_string(s.d) +
                                   ", map " + std::to_string(int(kind)) + ", modulation " +
                                   std::to_string(int(modulation)) + ", activation " +
                                   std::to_string(int(activation));
          // Sums of d (forward) and P (backward) products of about 1, scaled by up to 2 and a slope
          // of up to 2.
          check_close(fast.theta, reference::map_forward(ref, z), 4 * sum_tolerance(s.d), 1e-5,
                      what + ": theta");
          check_close(fast.dz, reference::map_backward(ref, dtheta, z), 8 * sum_tolerance(s.rows),
                      1e-5, what + ": dz");
        }
}

// Table 7's LV + WMAP: the modulating factor is trained beside z. Two blocks, so that each finds
// its stretch of v.
BOOST_AUTO_TEST_CASE(a_modulator_of_its_own_agrees_with_the_reference) {
  for (const MapKind kind : kKinds)
    for (const auto& [modulation, ref_modulation] : kModulations) {
      if (modulation == Modulation::none) continue;
      MapDesc desc = one_block(kind, 301, 50, 21);
      desc.blocks.push_back({"more", 301, 100, 50, 20});
      desc.scales = {{0, 401, 0.5f}};
      desc.modulation = modulation;
      desc.alpha = modulation == Modulation::scalar ? 0.01f : 0.3f;
      desc.own_modulator = true;
      const Vector both = exact_floats(140, 5, -2, 2), dtheta = exact_floats(401, 6);
      const MapRun fast = run_map(desc, both, dtheta);
      for (std::size_t i = 0; i < 2; ++i) {
        const MapBlock& b = desc.blocks[i];
        const auto block = static_cast<std::uint32_t>(i);
        const auto part = [](const Vector& of, std::size_t from, std::size_t n) {
          return Vector(of.begin() + long(from), of.begin() + long(from + n));
        };
        reference::Map ref{b.rows, b.latents, {}, {}, Vector(b.rows, 0.5), Vector(b.rows, 0.0)};
        ref.modulation = ref_modulation;
        ref.alpha = static_cast<double>(desc.alpha);
        ref.W = kind == MapKind::hadamard
                    ? hadamard_map(b.rows, b.latents, 21, Stream::map_outer_signs,
                                   Stream::map_inner_signs, block)
                    : unit_rows(fast.dense[i], b.rows, b.latents);
        ref.S = hadamard_map(b.rows, b.latents, 21, Stream::modulation_outer,
                             Stream::modulation_inner, block);
        ref.v = part(both, 70 + b.latent_offset, b.latents);
        const Vector z = part(both, b.latent_offset, b.latents);
        const std::string what = "block " + std::to_string(i) + ", map " +
                                 std::to_string(int(kind)) + ", modulation " +
                                 std::to_string(int(modulation));
        check_close(part(fast.theta, b.theta_offset, b.rows), reference::map_forward(ref, z),
                    4 * sum_tolerance(b.latents), 1e-5, what + ": theta");
        const Vector want = reference::map_backward(ref, part(dtheta, b.theta_offset, b.rows), z);
        const double tolerance = 8 * sum_tolerance(b.rows);
        check_close(part(fast.dz, b.latent_offset, b.latents), part(want, 0, b.latents), tolerance,
                    1e-5, what + ": dz");
        check_close(part(fast.dz, 70 + b.latent_offset, b.latents),
                    part(want, b.latents, b.latents), tolerance, 1e-5, what + ": dv");
      }
    }
}

// Equal factors: the same theta to the bit, and dz + dv is what z alone would get.
BOOST_AUTO_TEST_CASE(a_modulator_equal_to_z_gives_what_z_gives) {
  for (const Modulation modulation : {Modulation::scalar, Modulation::signed_}) {
    MapDesc desc = one_block(MapKind::hadamard, 301, 64, 21);
    desc.modulation = modulation;
    desc.alpha = 0.1f;
    const Vector z = exact_floats(64, 5, -2, 2), dtheta = exact_floats(301, 6);
    const MapRun one = run_map(desc, z, dtheta);
    desc.own_modulator = true;
    Vector both = z;
    both.insert(both.end(), z.begin(), z.end());
    const MapRun two = run_map(desc, both, dtheta);
    BOOST_TEST((two.theta == one.theta));
    Vector sum(64);
    for (std::size_t k = 0; k < 64; ++k) sum[k] = two.dz[k] + two.dz[64 + k];
    check_close(sum, one.dz, 8 * sum_tolerance(301), 1e-5, "dz + dv");
  }
}

// theta is affine in v, so its change from v = 0 is J_v v: <J_v v, g> = <v, J_v' g>.
BOOST_AUTO_TEST_CASE(a_modulator_and_its_gradient_are_adjoint) {
  for (const MapKind kind : kKinds)
    for (const Modulation modulation : {Modulation::scalar, Modulation::signed_}) {
      MapDesc desc = one_block(kind, 301, 64, 3);
      desc.modulation = modulation;
      desc.alpha = 1;
      desc.own_modulator = true;
      Vector zero = exact_floats(64, 11), both = zero;
      zero.resize(128, 0.0);
      const Vector v = exact_floats(64, 13), g = exact_floats(301, 12);
      both.insert(both.end(), v.begin(), v.end());
      const MapRun without = run_map(desc, zero, g), with = run_map(desc, both, g);
      const double left = reference::dot(with.theta, g) - reference::dot(without.theta, g);
      const double right = reference::dot(v, reference::View(with.dz).subspan(64));
      // v.z reaches some 5 in each row, five times what tests without alpha = 1 sum up.
      BOOST_TEST(std::abs(left - right) < 10 * sum_tolerance(301) * std::sqrt(301.0),
                 "<J v, g> = " << left << ", <v, J'g> = " << right);
    }
}

BOOST_AUTO_TEST_CASE(both_maps_and_their_transposes_are_adjoint) {
  for (const MapKind kind : kKinds)
    for (const Shape s : kShapes) {
      const Vector z = exact_floats(s.d, 11), v = exact_floats(s.rows, 12);
      const MapRun run = run_map(one_block(kind, s.rows, s.d, 3), z, v);
      const double left = reference::dot(run.theta, v), right = reference::dot(z, run.dz);
      BOOST_TEST(std::abs(left - right) < 2 * sum_tolerance(s.rows) * std::sqrt(double(s.rows)),
                 "<Wz, v> = " << left << ", <z, W'v> = " << right);
    }
}

namespace {

/// Two blocks, neither a whole number of tiles, chunks or vectors.
MapDesc two_dense_blocks(MapKind kind, MapStorage storage) {
  MapDesc desc = one_block(kind, 333, 50, 8);
  desc.blocks.push_back({"more", 333, 101, 50, 21});
  desc.scales = {{0, 200, 0.5f}, {200, 234, 2.0f}};
  desc.storage = storage;
  desc.modulation = Modulation::signed_;
  desc.alpha = 0.3f;
  desc.activation = Activation::sine;
  return desc;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_streamed_map_gives_the_bits_of_one_in_memory) {
  const Vector z = exact_floats(71, 5, -2, 2), dtheta = exact_floats(434, 6);
  for (const MapKind kind : {MapKind::dense, MapKind::dense_bf16})
    for (const int n_threads : {1, 3}) {
      const MapRun kept = run_map(two_dense_blocks(kind, MapStorage::memory), z, dtheta, n_threads);
      const MapRun streamed =
          run_map(two_dense_blocks(kind, MapStorage::streamed), z, dtheta, n_threads);
      BOOST_TEST((streamed.theta == kept.theta));
      BOOST_TEST((streamed.dz == kept.dz));
    }
}

// W z = A (R^-1 z): the same sums of the same products but for where float32 rounds. R is about
// sqrt(rows) times orthogonal; its condition, below (1 + sqrt(d / rows)) / (1 - sqrt(d / rows)) and
// so 3 here, multiplies the solve's d roundings.
BOOST_AUTO_TEST_CASE(a_regenerated_map_is_the_one_in_memory_but_for_rounding) {
  const Vector z = exact_floats(71, 5, -2, 2), dtheta = exact_floats(434, 6);
  const MapRun kept = run_map(two_dense_blocks(MapKind::dense, MapStorage::memory), z, dtheta);
  const MapDesc desc = two_dense_blocks(MapKind::dense, MapStorage::regenerated);
  const double tolerance = 3 * sum_tolerance(50);
  for (const int n_threads : {1, 2, 3}) {  // R is not the same for each: OpenBLAS sums it up
    const MapRun drawn = run_map(desc, z, dtheta, n_threads);
    check_close(drawn.theta, kept.theta, 2 * 2 * tolerance, 0, "theta");  // z up to 2, scales too
    check_close(drawn.dz, kept.dz, 2 * 2 * tolerance * std::sqrt(434.0), 0, "dz");
    const MapRun again = run_map(desc, z, dtheta, n_threads);
    BOOST_TEST((again.theta == drawn.theta && again.dz == drawn.dz));
  }
}

BOOST_AUTO_TEST_CASE(a_dense_map_has_orthonormal_columns) {
  for (const Shape s : {Shape{2000, 200}, Shape{1100, 33}, Shape{64, 64}, Shape{5000, 3}}) {
    const Vector z(s.d), v(s.rows);
    const MapRun fp32 = run_map(one_block(MapKind::dense, s.rows, s.d, 4), z, v);
    const MapRun bf16 = run_map(one_block(MapKind::dense_bf16, s.rows, s.d, 4), z, v);
    // float32: the solve against the combined factor rounds d times by 2^-24 each. bfloat16:
    // entries off by up to 2^-9 of themselves, at random, so that a column's norm moves by less
    // than that.
    BOOST_TEST(orthonormality_error(fp32.dense[0], s.rows, s.d) < 0x1p-24 * (double(s.d) + 16));
    BOOST_TEST(orthonormality_error(bf16.dense[0], s.rows, s.d) < 0x1p-9);
    check_close(bf16.dense[0], fp32.dense[0], 0, 0x1p-8, "bf16 is fp32 rounded");
  }
}

// Sums over many rows are where float32 loses most, and few columns leave little room for it.
BOOST_AUTO_TEST_CASE(a_long_and_narrow_dense_map_is_as_orthonormal) {
  for (const std::uint64_t seed : {5u, 6u, 7u}) {
    const MapRun run = run_map(one_block(MapKind::dense, 5000, 3, seed), Vector(3), Vector(5000));
    BOOST_TEST(orthonormality_error(run.dense[0], 5000, 3) < 0x1p-24 * (3.0 + 16));
  }
}

BOOST_AUTO_TEST_CASE(a_map_is_a_function_of_its_seed_and_of_nothing_else) {
  const Vector z = exact_floats(100, 1), v = exact_floats(5000, 2);
  for (const MapKind kind : kKinds) {
    MapDesc desc = one_block(kind, 5000, 100, 8);
    desc.modulation = Modulation::signed_;
    desc.alpha = 0.1f;
    desc.activation = Activation::tanh;
    const MapRun one = run_map(desc, z, v, 1), again = run_map(desc, z, v, 1);
    BOOST_TEST((one.theta == again.theta && one.dz == again.dz));
    desc.seed = 9;
    BOOST_TEST((run_map(desc, z, v, 1).theta != one.theta));
    if (kind != MapKind::hadamard) continue;  // OpenBLAS splits the Gram matrix by threads
    desc.seed = 8;
    const MapRun three = run_map(desc, z, v, 3);
    BOOST_TEST((three.theta == one.theta && three.dz == one.dz));
  }
}

BOOST_AUTO_TEST_CASE(blocks_have_maps_of_their_own) {
  MapDesc desc = one_block(MapKind::hadamard, 128, 16, 8);
  desc.blocks = {{"a", 0, 64, 0, 16}, {"b", 64, 64, 16, 16}};
  Vector z = exact_floats(16, 1);
  z.insert(z.end(), z.begin(), z.begin() + 16);  // the same latents twice
  const MapRun run = run_map(desc, z, exact_floats(128, 2));
  const Vector a(run.theta.begin(), run.theta.begin() + 64);
  const Vector b(run.theta.begin() + 64, run.theta.end());
  BOOST_TEST((a != b));
}

BOOST_AUTO_TEST_CASE(a_random_base_is_added_with_each_rows_scale) {
  MapDesc desc = one_block(MapKind::hadamard, 4000, 16, 8);
  desc.scales = {{0, 1000, 0.5f}, {1000, 3000, 2.0f}};
  const Vector z = exact_floats(16, 1), v(4000);
  const Vector without = run_map(desc, z, v).theta;
  desc.random_base = true;
  const Vector with = run_map(desc, z, v).theta;
  double squares[2] = {};
  for (std::size_t j = 0; j < 4000; ++j)
    squares[j >= 1000] += (with[j] - without[j]) * (with[j] - without[j]);
  BOOST_TEST(std::abs(std::sqrt(squares[0] / 1000) - 0.5) < 0.5 * 5 / std::sqrt(2000.0));
  BOOST_TEST(std::abs(std::sqrt(squares[1] / 3000) - 2.0) < 2.0 * 5 / std::sqrt(6000.0));
}

BOOST_AUTO_TEST_CASE(more_latents_than_a_dense_map_can_hold_apart_is_an_error) {
  const MapDesc desc = one_block(MapKind::dense, 10, 20, 1);
  BOOST_CHECK_THROW(run_map(desc, Vector(20), Vector(10)), std::exception);
}
