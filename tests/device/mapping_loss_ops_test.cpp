#include <boost/test/unit_test.hpp>

#include "common/compare.hpp"
#include "device/op_harness.hpp"
#include "device/ops/add_scaled.hpp"
#include "device/ops/mapping_loss.hpp"
#include "device/ops/stability.hpp"
#include "device/ops/step_control.hpp"
#include "device/random.hpp"
#include "reference/finite_difference.hpp"
#include "reference/mapping_loss.hpp"

using namespace mapnet;
using namespace mapnet::test;

namespace {

constexpr LambdaMode kModes[] = {LambdaMode::fixed, LambdaMode::plain, LambdaMode::floor,
                                 LambdaMode::uncertainty};

/// A term's lambda after `steps` steps at a constant value and learning rate.
LossTermState train_lambda(LambdaMode mode, double lambda, double value, int steps) {
  LossTermState term = first_loss_term(mode, lambda);
  for (int t = 1; t <= steps; ++t) {
    term.value = value;
    const AdamRates rates = {static_cast<float>(0.05 / (1 - std::pow(0.9, t))),
                             static_cast<float>(1 / std::sqrt(1 - std::pow(0.999, t)))};
    finish_loss_term(term, mode, {}, rates);
  }
  return term;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_lambda_begins_where_it_is_told_to) {
  for (const LambdaMode mode : kModes)
    for (const double lambda : {1e-6, 1e-2, 3.0}) {
      const LossTermState term = first_loss_term(mode, lambda);
      BOOST_TEST(std::abs(static_cast<double>(term.lambda) / lambda - 1) < 1e-3, int(mode));
    }
}

BOOST_AUTO_TEST_CASE(lambdas_descend_the_loss_they_are_part_of) {
  for (const LambdaMode mode : kModes)
    for (const float s : {-3.0f, 0.0f, 2.0f})
      for (const float value : {0.1f, 5.0f}) {
        // In double, from the definitions; float arithmetic of the op is good to 1e-6.
        const auto loss = [&](const Vector& x) {
          const double soft = std::log1p(std::exp(x[0])), l = static_cast<double>(value);
          if (mode == LambdaMode::plain) return soft * l;
          if (mode == LambdaMode::floor) return 0.7 * (0.1 + soft) * l;
          if (mode == LambdaMode::uncertainty) return 0.5 * std::exp(-x[0]) * l + x[0] / 2;
          return 0.7 * l;
        };
        const Vector gradient = {static_cast<double>(lambda_gradient(mode, 0.7f, s, value))};
        BOOST_TEST(reference::gradient_error(loss, {static_cast<double>(s)}, gradient) < 1e-5);
      }
}

BOOST_AUTO_TEST_CASE(a_plain_lambda_collapses_and_the_others_do_not) {
  const double value = 2.0, lambda = 0.5;
  BOOST_TEST(train_lambda(LambdaMode::fixed, lambda, value, 400).lambda == 0.5f);
  BOOST_TEST(train_lambda(LambdaMode::plain, lambda, value, 2000).lambda < 1e-3f);
  BOOST_TEST(train_lambda(LambdaMode::floor, lambda, value, 400).lambda >= 0.05f);
  // The minimum of exp(-s) L / 2 + s / 2 is at exp(-s) = 1 / L.
  const float balanced = train_lambda(LambdaMode::uncertainty, lambda, value, 2000).lambda;
  BOOST_TEST(std::abs(balanced - 0.25f) < 0.005f);
}

BOOST_AUTO_TEST_CASE(the_step_trains_what_is_on_and_begins_new_sums) {
  OpHarness h;
  MappingLossState loss;
  loss.terms[kSmoothness] = first_loss_term(LambdaMode::uncertainty, 0.1);
  loss.terms[kSmoothness].value = 3;
  loss.terms[kSmoothness].value_sum = 1;
  StepControl control;
  control.now.adam_rate = 0.1f;
  const BufferId state = h.object(loss);
  lambda_step(h.schedule, "lambdas", LambdaMode::uncertainty, state, h.object(control));
  h.run();
  const MappingLossState after = h.read_all<MappingLossState>(state, 1)[0];
  BOOST_TEST(after.steps == 1);
  BOOST_TEST(after.terms[kSmoothness].value_sum == 4);
  BOOST_TEST(after.terms[kSmoothness].value == 0);
  LossTermState want = loss.terms[kSmoothness];
  finish_loss_term(want, LambdaMode::uncertainty, {}, {0.1f, 1.0f});
  BOOST_TEST(after.terms[kSmoothness].lambda == want.lambda);
  BOOST_TEST(after.terms[kStability].lambda == 0);
}

BOOST_AUTO_TEST_CASE(stability_agrees_with_the_reference) {
  // Classes of images, then of pixels, whose channels may be padded to a block.
  struct Case {
    int count, side, block;
  };
  const int N = 6, n = 4;
  // A full batch; padding beyond the part; within it.
  for (const auto [count, side, block] : {Case{6, 1, 1}, Case{4, 1, 1}, Case{3, 1, 1},
                                          Case{3, 2, 1}, Case{6, 2, 16}, Case{3, 2, 8}}) {
    const int K = 5 * side * side;  // values a row
    OpHarness h;
    const Vector logits = exact_floats(std::size_t(N * K), 1),
                 moved = exact_floats(std::size_t(n * K), 2);
    const Vector task = exact_floats(std::size_t(N * K), 3);
    const auto tensor = [&](int rows, const Vector& v) {
      return h.tensor(rows, 5, side, side, block, v);
    };
    const Tensor y = tensor(N, logits), p = tensor(n, moved), dy = tensor(N, task);
    Tensor dp = p;
    dp.buffer = h.output(p.padded_size());
    MappingLossState loss;
    loss.terms[kStability] = first_loss_term(LambdaMode::fixed, 0.25);
    StepControl control;
    control.now.count = count;
    const BufferId state = h.object(loss);
    stability(h.schedule, "stability", y, p, state, h.object(control), dy, dp);
    h.run();
    const auto want =
        reference::stability(logits, moved, 5, std::size_t(side * side), std::size_t(count));
    const auto scaled = [](Vector v) {
      for (double& x : v) x *= 0.25;
      return v;
    };
    Vector dlogits = scaled(want.dlogits);
    for (std::size_t i = 0; i < dlogits.size(); ++i) dlogits[i] += task[i];
    check_close(h.read(dy), dlogits, 1e-6, 1e-6, "dlogits");
    check_close(h.read(dp), scaled(want.dperturbed), 1e-6, 1e-6, "dperturbed");
    const double value = h.read_all<MappingLossState>(state, 1)[0].terms[kStability].value;
    BOOST_TEST(std::abs(value - want.value) < 1e-6 * want.value);
  }
}

BOOST_AUTO_TEST_CASE(perturbations_are_seeded_normals_and_differ_from_step_to_step) {
  const std::size_t n = 4003;
  const Vector z = exact_floats(n, 4);
  const auto run = [&](std::int64_t step, std::uint64_t seed) {
    OpHarness h;
    StepControl control;
    control.now.step = step;
    const BufferId out = h.output(n);
    perturb_latents(h.schedule, "perturb", h.input(z), out, n, 0.5f, seed, h.object(control));
    h.run();
    Vector noise = h.read(out, n);
    for (std::size_t i = 0; i < n; ++i) noise[i] -= z[i];
    return noise;
  };
  const Vector one = run(7, 1);
  BOOST_TEST((one == run(7, 1)));
  BOOST_TEST((one != run(8, 1)));
  BOOST_TEST((one != run(7, 2)));
  double sum = 0, squares = 0;
  for (const double e : one) sum += e, squares += e * e;
  // Five standard errors of a mean and of a variance.
  BOOST_TEST(std::abs(sum / double(n)) < 5 * 0.5 / std::sqrt(double(n)));
  BOOST_TEST(std::abs(squares / double(n) - 0.25) < 5 * 0.25 * std::sqrt(2 / double(n)));
}

BOOST_AUTO_TEST_CASE(scaled_additions_and_fills) {
  const std::size_t n = 40001;
  OpHarness h;
  const Vector x = exact_floats(n, 5), y = exact_floats(n, 6);
  const BufferId sum = h.input(y), filled = h.output(n);
  add_scaled(h.schedule, "add", sum, h.input(x), 0.5f, n);
  fill(h.schedule, "fill", filled, -3.0f, n);
  h.run();
  Vector want = y;
  for (std::size_t i = 0; i < n; ++i) want[i] += 0.5 * x[i];
  check_close(h.read(sum, n), want, 1e-7, 1e-7, "sum");
  check_close(h.read(filled, n), Vector(n, -3.0), 0, 0, "filled");
}
