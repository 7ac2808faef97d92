#include "reference/refresh.hpp"

#include <boost/test/unit_test.hpp>

#include "common/compare.hpp"
#include "device/ops/map_refresh.hpp"
#include "mapping/map_harness.hpp"

/// A map refreshed between its passes, against the double-precision reference.
using namespace mapnet;
using namespace mapnet::test;

namespace {

const MapKind kKinds[] = {MapKind::hadamard, MapKind::dense, MapKind::dense_bf16};
const Modulation kModulations[] = {Modulation::none, Modulation::scalar, Modulation::signed_};
const Activation kRefreshedActivations[] = {Activation::identity, Activation::tanh,
                                            Activation::sine};

/// A map with its latents, trained by hand: Phase::train is forward and backward, Phase::refresh a
/// refresh, and running any of them is the test's.
struct Refreshable {
  OpHarness h;
  MapDesc desc;
  MapState state;
  BufferId z, m, v, theta, dtheta, dz, history;

  Refreshable(MapDesc of, const Vector& z_values, const Vector& dtheta_values,
              std::size_t history_rows = 0)
      : desc(std::move(of)) {
    desc.refreshed = true;
    const std::size_t d = z_values.size(), P = dtheta_values.size();
    z = h.input(z_values), dtheta = h.input(dtheta_values);
    m = h.input(exact_floats(d, 50)), v = h.input(exact_floats(d, 51, 0, 1));
    theta = h.output(P), dz = h.output(d), history = kNoBuffer;
    if (history_rows > 0) history = h.output(history_rows * d);
    state = map_setup(h.schedule, desc);
    h.schedule.begin(Phase::train);
    map_forward(h.schedule, desc, state, z, theta, true);
    map_backward(h.schedule, desc, state, z, dtheta, dz);
    h.schedule.begin(Phase::refresh);
    map_forward(h.schedule, desc, state, z, theta, false);
    map_restart(h.schedule, desc, state, {theta, z, m, v, history});
    map_redraw(h.schedule, desc, state);
    h.schedule.begin(Phase::eval_begin);
    map_forward(h.schedule, desc, state, z, theta, false);
    h.run();  // one refresh behind one step; theta is what the new round begins with
  }

  std::size_t P() const { return desc.target_size(); }
  std::size_t d() const { return desc.latent_size(); }
  void write(BufferId id, const Vector& values) {
    const std::vector<float> floats(values.begin(), values.end());
    h.program->write<float>(id, floats);
  }
  std::uint32_t round() const { return h.read_all<std::uint32_t>(state.round, 1)[0]; }
  Vector stored_map() const {
    const MapBlock& b = desc.blocks[0];
    const std::size_t ld = dense_row_length(b.latents), n = b.rows * ld;
    std::vector<float> all;
    if (desc.kind == MapKind::dense)
      all = h.read_all<float>(state.dense[0], n);
    else
      for (const std::uint16_t x : h.read_all<std::uint16_t>(state.dense[0], n))
        all.push_back(math::from_bf16(x));
    Vector W;
    for (std::size_t row = 0; row < b.rows; ++row)
      W.insert(W.end(), all.begin() + long(row * ld), all.begin() + long(row * ld + b.latents));
    return W;
  }
};

MapDesc described(MapKind kind, Modulation modulation, Activation activation, std::size_t rows,
                  std::size_t d) {
  MapDesc desc = one_block(kind, rows, d, 21);
  desc.modulation = modulation;
  desc.alpha = modulation == Modulation::scalar ? 0.01f : 0.3f;
  desc.activation = activation;
  desc.omega = activation == Activation::sine ? 2.0f : 1.0f;
  const std::size_t first = rows / 3;
  desc.scales = {{0, first, 0.5f}, {first, rows - first, 2.0f}};
  return desc;
}

std::string name_of(const MapDesc& desc) {
  return "map " + std::to_string(int(desc.kind)) + ", modulation " +
         std::to_string(int(desc.modulation)) + ", activation " +
         std::to_string(int(desc.activation));
}

template <class F>
void for_each_map(std::size_t rows, std::size_t d, const F& f) {
  for (const MapKind kind : kKinds)
    for (const Modulation modulation : kModulations)
      for (const Activation activation : kRefreshedActivations)
        f(described(kind, modulation, activation, rows, d));
}

}  // namespace

// Old latent files were made without rounds: their maps must stay what they are.
BOOST_AUTO_TEST_CASE(round_0_is_the_map_of_a_run_that_has_no_rounds) {
  const Vector z = exact_floats(50, 5, -2, 2), dtheta = exact_floats(333, 6);
  for_each_map(333, 50, [&](MapDesc desc) {
    const MapRun plain = run_map(desc, z, dtheta, 1);
    desc.refreshed = true;
    const MapRun round = run_map(desc, z, dtheta, 1);
    BOOST_TEST((round.theta == plain.theta && round.dz == plain.dz), name_of(desc));
  });
}

BOOST_AUTO_TEST_CASE(theta_is_the_same_bit_for_bit_before_and_after_a_refresh) {
  const Vector dtheta = exact_floats(301, 6);
  for_each_map(301, 60, [&](MapDesc desc) {
    for (const bool random_base : {false, true}) {
      desc.random_base = random_base;
      const Vector z = exact_floats(60, 5, -2, 2);
      const Vector before = run_map(desc, z, dtheta).theta;
      Refreshable r(desc, z, dtheta);
      BOOST_TEST((r.h.read(r.theta, 301) == before), name_of(desc));
      for (const std::uint64_t seed : {7u, 8u}) {  // and once more, from a base that is no zero
        r.write(r.z, exact_floats(60, seed, -2, 2));
        r.h.program->run(Phase::train);
        const Vector here = r.h.read(r.theta, 301);
        BOOST_TEST((here != before));
        r.h.program->run(Phase::refresh);
        r.h.program->run(Phase::eval_begin);
        BOOST_TEST((r.h.read(r.theta, 301) == here), name_of(desc));
      }
      BOOST_TEST(r.round() == 3u);
    }
  });
}

BOOST_AUTO_TEST_CASE(passes_after_a_refresh_agree_with_the_reference) {
  const std::size_t rows = 301, d = 50;
  const Vector z0 = exact_floats(d, 5, -2, 2), z2 = exact_floats(d, 9, -2, 2),
               dtheta = exact_floats(rows, 6);
  for_each_map(rows, d, [&](const MapDesc& desc) {
    const bool hadamard = desc.kind == MapKind::hadamard;
    const auto unit_rows = [&](Vector W) {
      for (double& w : W) w *= std::sqrt(double(rows) / double(d));
      return W;
    };
    const auto W = [&](const Refreshable& r, std::uint32_t round) {
      return hadamard ? hadamard_map(rows, d, 21, Stream::map_outer_signs, Stream::map_inner_signs,
                                     round << 16)
                      : unit_rows(r.stored_map());
    };
    const auto S = [&](std::uint32_t round) {
      return hadamard_map(rows, d, 21, Stream::modulation_outer, Stream::modulation_inner,
                          round << 16);
    };
    Refreshable r(desc, z0, dtheta);
    reference::Map ref{rows, d, {}, S(0), Vector(rows, 2.0), Vector(rows, 0.0)};
    std::fill_n(ref.scale.begin(), rows / 3, 0.5);
    ref.modulation = static_cast<reference::Modulation>(desc.modulation);
    ref.activation = static_cast<reference::Activation>(desc.activation);
    ref.alpha = static_cast<double>(desc.alpha);
    ref.omega = static_cast<double>(desc.omega);
    // The first map of a dense kind is gone: an unrefreshed run still has it.
    ref.W = hadamard ? W(r, 0) : unit_rows(run_map(desc, z0, dtheta).dense[0]);
    reference::Latents latents{z0, exact_floats(d, 50), exact_floats(d, 51, 0, 1)};
    reference::refresh(ref, latents, W(r, 1), S(1));
    const std::string what = name_of(desc);
    check_close(r.h.read(r.z, d), latents.z, 0, 0, what + ": z");
    check_close(r.h.read(r.m, d), latents.m, 0, 0, what + ": m");
    check_close(r.h.read(r.v, d), latents.v, 0, 0x1p-24, what + ": v");

    r.write(r.z, latents.z = exact_floats(d, 8, -2, 2));
    r.h.program->run(Phase::refresh);
    reference::refresh(ref, latents, W(r, 2), S(2));
    if (!hadamard)
      BOOST_TEST(orthonormality_error(r.stored_map(), rows, d) <
                 (desc.kind == MapKind::dense ? 0x1p-24 * (double(d) + 16) : 0x1p-9));
    r.write(r.z, z2);
    r.h.program->run(Phase::train);
    // As in map_test, and theta three times over: each round adds its own error to the base's.
    check_close(r.h.read(r.theta, rows), reference::map_forward(ref, z2), 12 * sum_tolerance(d),
                1e-5, what + ": theta");
    check_close(r.h.read(r.dz, d), reference::map_backward(ref, dtheta, z2),
                8 * sum_tolerance(rows), 1e-5, what + ": dz");
  });
}

BOOST_AUTO_TEST_CASE(rounds_have_maps_of_their_own) {
  const Vector z = exact_floats(16, 1), v = exact_floats(128, 2);
  for (const MapKind kind : kKinds) {
    Refreshable r(one_block(kind, 128, 16, 8), z, v);
    std::vector<Vector> directions;
    for (int round = 0; round < 3; ++round) {
      r.h.program->run(Phase::eval_begin);
      const Vector base = r.h.read(r.theta, 128);
      r.write(r.z, z);
      r.h.program->run(Phase::eval_begin);
      Vector direction = r.h.read(r.theta, 128);
      for (std::size_t j = 0; j < direction.size(); ++j) direction[j] -= base[j];
      directions.push_back(direction);
      r.h.program->run(Phase::refresh);
    }
    // Of 128 values of about 1 each: two unrelated ones have an inner product of about sqrt(128).
    for (int i = 0; i < 3; ++i)
      for (int k = 0; k < i; ++k)
        BOOST_TEST(
            std::abs(reference::dot(directions[std::size_t(i)], directions[std::size_t(k)])) < 64);
  }
}

BOOST_AUTO_TEST_CASE(each_block_keeps_its_own_mean_and_a_full_history_is_left_alone) {
  MapDesc desc = one_block(MapKind::hadamard, 900, 16, 8);
  desc.blocks = {{"a", 0, 300, 0, 16}, {"b", 300, 600, 16, 300}};  // more latents than lanes
  const std::size_t d = 316;
  const Vector z = exact_floats(d, 1);
  Refreshable r(desc, z, exact_floats(900, 2), 2);
  const Vector v = r.h.read(r.v, d), before = exact_floats(d, 51, 0, 1);
  const auto mean = [&](std::size_t from, std::size_t n) {
    double sum = 0;
    for (std::size_t k = from; k < from + n; ++k) sum += before[k];
    return sum / double(n);
  };
  Vector want(16, mean(0, 16));
  want.resize(d, mean(16, 300));
  check_close(v, want, 0, 0x1p-24, "v");

  std::vector<Vector> rounds = {z};
  for (std::uint64_t round = 1; round < 4; ++round) {
    rounds.push_back(exact_floats(d, 60 + round));
    r.write(r.z, rounds.back());
    r.h.program->run(Phase::refresh);
  }
  check_close(r.h.read(r.history, d), rounds[0], 0, 0, "round 0");
  check_close(r.h.read(r.history, d, d), rounds[1], 0, 0, "round 1");
  BOOST_TEST(r.round() == 4u);
  check_close(r.h.read(r.z, d), Vector(d), 0, 0, "z, which a row too many would overwrite");
}

// A restored model has neither moments nor a history.
BOOST_AUTO_TEST_CASE(a_restart_needs_only_theta_and_z) {
  OpHarness h;
  MapDesc desc = one_block(MapKind::hadamard, 64, 16, 8);
  desc.refreshed = true;
  const BufferId z = h.input(exact_floats(16, 1)), theta = h.output(64);
  MapState state = map_setup(h.schedule, desc);
  h.schedule.begin(Phase::refresh);
  map_forward(h.schedule, desc, state, z, theta, false);
  map_restart(h.schedule, desc, state, {theta, z});
  map_redraw(h.schedule, desc, state);
  h.run();
  BOOST_TEST((h.read(state.base, 64) == h.read(theta, 64)));
  check_close(h.read(z, 16), Vector(16), 0, 0, "z");
}
