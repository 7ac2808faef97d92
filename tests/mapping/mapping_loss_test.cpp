#include "mapping/mapping_loss.hpp"

#include <boost/test/unit_test.hpp>

#include "common/compare.hpp"
#include "device/ops/jacobian_probe.hpp"
#include "device/ops/mapping_loss.hpp"
#include "device/ops/step_control.hpp"
#include "mapping/map_harness.hpp"
#include "reference/mapping_loss.hpp"

/// Smoothness and alignment, in closed form or estimated, against a materialised Jacobian.
using namespace mapnet;
using namespace mapnet::test;

namespace {

struct LossShape {
  std::size_t rows, d;
};
// All points used and whole tiles (an odd number: the mean rows of two can cancel); a rest; missing
// columns; more tiles than groups.
const LossShape kLossShapes[] = {{160, 32}, {301, 64}, {333, 50}, {77, 5}, {1000, 16}};

struct Case {
  LossShape shape;
  MapKind kind;
  Modulation modulation;
  Activation activation;
};

std::string describe(const Case& c) {
  return "rows " + std::to_string(c.shape.rows) + ", d " + std::to_string(c.shape.d) + ", map " +
         std::to_string(int(c.kind)) + ", modulation " + std::to_string(int(c.modulation)) +
         ", activation " + std::to_string(int(c.activation));
}

MapDesc describe_map(const Case& c) {
  MapDesc desc = one_block(c.kind, c.shape.rows, c.shape.d, 21);
  desc.modulation = c.modulation;
  // A scalar modulation shifts every u by alpha ||z||^2: not so far that a tanh is flat.
  desc.alpha = c.modulation == Modulation::scalar ? 0.02f : 0.3f;
  desc.activation = c.activation;
  desc.omega = c.activation == Activation::sine ? 2.0f : 1.0f;
  const std::size_t first = c.shape.rows / 3;
  desc.scales = {{0, first, 0.5f}, {first, c.shape.rows - first, 2.0f}};
  return desc;
}

reference::Map describe_reference(const Case& c, const MapDesc& desc, const MapRun& run) {
  const auto [rows, d] = c.shape;
  reference::Map map{rows, d, {}, {}, Vector(rows, 2.0), Vector(rows, 0.0)};
  std::fill_n(map.scale.begin(), rows / 3, 0.5);
  map.alpha = static_cast<double>(desc.alpha);
  map.omega = static_cast<double>(desc.omega);
  map.activation = static_cast<reference::Activation>(c.activation);
  map.modulation = static_cast<reference::Modulation>(c.modulation);
  if (c.kind == MapKind::hadamard)
    map.W = hadamard_map(rows, d, 21, Stream::map_outer_signs, Stream::map_inner_signs, 0);
  else
    for (const double w : run.dense[0]) map.W.push_back(w * std::sqrt(double(rows) / double(d)));
  map.S = hadamard_map(rows, d, 21, Stream::modulation_outer, Stream::modulation_inner, 0);
  return map;
}

/// The terms' own values and gradients, with the task's gradient zero.
struct LossRun {
  double smoothness, alignment;
  Vector dz;
};

LossRun run_terms(const MapDesc& desc, const Vector& z, MappingLossSteps::Terms terms,
                  double lambda_smooth, double lambda_align) {
  OpHarness h;
  MappingLossState loss;
  loss.terms[kSmoothness] = first_loss_term(LambdaMode::fixed, lambda_smooth);
  loss.terms[kAlignment] = first_loss_term(LambdaMode::fixed, lambda_align);
  StepControl control;
  control.now.step = 3;
  const std::size_t P = desc.target_size();
  const BufferId zb = h.input(z), dtheta = h.input(Vector(P)), theta = h.output(P);
  const BufferId dz = h.output(z.size()), state_b = h.object(loss), control_b = h.object(control);
  h.schedule.begin(Phase::setup);
  MapState state = map_setup(h.schedule, desc);
  MappingLossSteps steps(h.schedule, desc, state, terms, state_b, control_b);
  h.schedule.begin(Phase::train);
  map_forward(h.schedule, desc, state, zb, theta, true);
  steps.add_to_dtheta(h.schedule, zb, dtheta);
  map_backward(h.schedule, desc, state, zb, dtheta, dz);
  steps.add_to_dz(h.schedule, zb, dz);
  h.run();
  const auto after = h.read_all<MappingLossState>(state_b, 1)[0];
  return {after.terms[kSmoothness].value, after.terms[kAlignment].value, h.read(dz, z.size())};
}

double largest(const Vector& v) {
  double most = 0;
  for (const double x : v) most = std::max(most, std::abs(x));
  return most;
}

template <class Check>
void for_each_case(const Check& check) {
  for (const LossShape shape : kLossShapes)
    for (const MapKind kind : {MapKind::hadamard, MapKind::dense, MapKind::dense_bf16})
      for (const Modulation modulation :
           {Modulation::none, Modulation::scalar, Modulation::signed_})
        for (const Activation activation :
             {Activation::identity, Activation::tanh, Activation::sine})
          check(Case{shape, kind, modulation, activation});
}

}  // namespace

BOOST_AUTO_TEST_CASE(smoothness_is_that_of_the_materialised_jacobian) {
  for_each_case([](const Case& c) {
    const MapDesc desc = describe_map(c);
    const Vector z = exact_floats(c.shape.d, 5);
    const MapRun plain = run_map(desc, z, Vector(c.shape.rows));
    const reference::Map map = describe_reference(c, desc, plain);
    const double lambda = 0.25;
    const LossRun run = run_terms(desc, z, {true, false}, lambda, 1);
    reference::Term want = reference::smoothness(map, z);
    if (c.kind != MapKind::hadamard && c.modulation == Modulation::signed_) {
      Vector signs(c.shape.d);  // of step 3: an estimate, exact for its own probe
      for (std::size_t k = 0; k < signs.size(); ++k)
        signs[k] = static_cast<double>(probe_sign(desc.seed, 3, signs.size(), k));
      want = reference::jacobian_product(map, z, signs);
    }
    for (double& g : want.gradient) g *= lambda;
    // Sums of `rows` squares, each with the relative error of a u: some 1e-6 times sqrt(d) / 4.
    check_close(Vector{run.smoothness}, Vector{want.value}, 0, 2e-5, describe(c) + ": value");
    check_close(run.dz, want.gradient, 2e-5 * largest(want.gradient) + 1e-30, 2e-5,
                describe(c) + ": dz");
  });
}

BOOST_AUTO_TEST_CASE(alignment_is_one_minus_the_cosine_with_the_mean_row) {
  for_each_case([](const Case& c) {
    const MapDesc desc = describe_map(c);
    const Vector z = exact_floats(c.shape.d, 5);
    const reference::Map map = describe_reference(c, desc, run_map(desc, z, Vector(c.shape.rows)));
    const LossRun run = run_terms(desc, z, {false, true}, 1, 0.5);
    reference::Term want = reference::alignment(map, z);
    for (double& g : want.gradient) g *= 0.5;
    // The mean row is a sum of `rows` values of about 1 that cancel to their square root.
    check_close(Vector{run.alignment}, Vector{want.value}, 1e-5, 1e-5, describe(c) + ": value");
    check_close(run.dz, want.gradient, 2e-5 * largest(want.gradient), 2e-5, describe(c) + ": dz");
  });
}

BOOST_AUTO_TEST_CASE(a_layers_terms_are_its_own) {
  MapDesc desc = one_block(MapKind::hadamard, 200, 40, 8);
  desc.blocks = {{"a", 0, 120, 0, 16}, {"b", 120, 80, 16, 24}};
  desc.modulation = Modulation::signed_;
  desc.alpha = 0.3f;
  desc.activation = Activation::tanh;
  const Vector z = exact_floats(40, 1);
  const LossRun run = run_terms(desc, z, {true, true}, 1, 1);
  double smooth = 0, align = 0;
  Vector dz;
  for (std::uint32_t i = 0; i < 2; ++i) {
    const MapBlock& b = desc.blocks[i];
    reference::Map map{b.rows, b.latents, {}, {}, Vector(b.rows, 1.0), Vector(b.rows, 0.0)};
    map.W = hadamard_map(b.rows, b.latents, 8, Stream::map_outer_signs, Stream::map_inner_signs, i);
    map.S =
        hadamard_map(b.rows, b.latents, 8, Stream::modulation_outer, Stream::modulation_inner, i);
    map.modulation = reference::Modulation::signed_;
    map.activation = reference::Activation::tanh;
    map.alpha = static_cast<double>(desc.alpha);
    const auto part = reference::View(z).subspan(b.latent_offset, b.latents);
    const reference::Term s = reference::smoothness(map, part);
    const reference::Term a = reference::alignment(map, part);
    smooth += s.value, align += a.value / 2;
    for (std::size_t k = 0; k < b.latents; ++k) dz.push_back(s.gradient[k] + a.gradient[k] / 2);
  }
  check_close(Vector{run.smoothness, run.alignment}, Vector{smooth, align}, 0, 2e-5, "values");
  check_close(run.dz, dz, 2e-5 * largest(dz), 2e-5, "dz");
}
