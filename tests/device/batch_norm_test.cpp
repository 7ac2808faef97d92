#include "device/ops/batch_norm.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "common/compare.hpp"
#include "device/op_harness.hpp"
#include "device/ops/step_control.hpp"
#include "reference/batch_norm.hpp"

/// Batch normalisation against the double-precision reference.
namespace data = boost::unit_test::data;
using namespace mapnet;
using namespace mapnet::test;

namespace {

struct BatchNormCase {
  int n, count, c, h, w, block;
  bool relu;
  double mean = 0;
  std::size_t size() const { return std::size_t(n) * std::size_t(c) * std::size_t(h * w); }
};
std::ostream& operator<<(std::ostream& out, const BatchNormCase& k) {
  return out << k.n << " (" << k.count << ") x " << k.c << " x " << k.h << "x" << k.w << ", block "
             << k.block << (k.relu ? ", relu" : "") << ", mean " << k.mean;
}

// Odd planes and whole fours, channels that fill no block, padding, one image, one value a channel
// and image, planes cut into several tasks, images grouped in tasks, a mean far from zero, one
// value a channel alone.
const BatchNormCase kBatchNormCases[] = {
    {3, 3, 5, 5, 3, 1, false},         {3, 2, 20, 5, 3, 16, true},
    {4, 3, 12, 4, 6, 8, true},         {1, 1, 1, 7, 1, 1, true},
    {9, 5, 17, 1, 1, 16, false},       {7, 7, 33, 2, 2, 8, false},
    {2, 1, 3, 90, 91, 16, true},       {2, 2, 2, 200, 181, 1, true},
    {2, 2, 9, 96, 100, 8, false},      {40, 33, 18, 16, 16, 16, true},
    {4, 4, 16, 12, 12, 16, true, 100}, {3, 3, 2, 40, 50, 1, false, -300},
    {1, 1, 3, 1, 1, 1, false},
};

struct Values {
  Vector x, dy, gamma, beta, running_mean, running_var;
  reference::BatchNorm shape;
};

Values values_of(const BatchNormCase& k) {
  Values v;
  const auto c = std::size_t(k.c);
  v.x = exact_floats(k.size(), 1, k.mean - 1, k.mean + 1);
  v.dy = exact_floats(k.size(), 2);
  v.gamma = exact_floats(c, 3, 0.5, 1.5), v.beta = exact_floats(c, 4);
  v.running_mean = exact_floats(c, 5), v.running_var = exact_floats(c, 6, 0.5, 2);
  v.shape = {std::size_t(k.n), c, std::size_t(k.h * k.w), std::size_t(k.count), 1e-5, k.relu};
  const auto real = static_cast<std::ptrdiff_t>(k.size() / std::size_t(k.n)) * k.count;
  std::fill(v.dy.begin() + real, v.dy.end(), 0.0);
  // Where y is nearly zero a rounding decides on the mask: out of the way.
  if (k.relu) {
    reference::BatchNorm linear = v.shape;
    linear.relu = false;
    const Vector y = reference::batch_norm_forward(v.x, v.gamma, v.beta, linear);
    for (std::size_t i = 0; i < y.size(); ++i)
      if (std::abs(y[i]) < 1e-3) v.dy[i] = 0;
  }
  return v;
}

constexpr double kCenter = 0.25;  // of gamma, which parameters hold less of: exactly, at 0.5 to 1.5

struct Found {
  Vector y, evaluated, dx, dgamma, dbeta, running_mean, running_var;
  std::vector<float> y_memory, dx_memory;
  Tensor layout;
};

Found run(const BatchNormCase& k, const Values& v, int n_threads, bool update = true) {
  OpHarness h(n_threads);
  const auto c = std::size_t(k.c);
  StepControl start;
  start.now.count = k.count;
  const BufferId control = h.object(start);
  const Tensor x = h.tensor(k.n, k.c, k.h, k.w, k.block, v.x);
  const Tensor dy = h.tensor(k.n, k.c, k.h, k.w, k.block, v.dy);
  // At an odd offset of a flat buffer, as in theta.
  Vector theta(3, 0.0);
  for (const double gamma : v.gamma) theta.push_back(gamma - kCenter);
  theta.insert(theta.end(), v.beta.begin(), v.beta.end());
  const BufferId flat = h.input(theta), dflat = h.output(theta.size());
  const BatchNormParams params = {
      {flat, 3}, {flat, 3 + c}, {h.input(v.running_mean), 0}, {h.input(v.running_var), 0}};
  BatchNormDesc desc;
  desc.gamma_center = static_cast<float>(kCenter);
  desc.relu = k.relu;
  desc.update_statistics = update;
  const Tensor evaluated = batch_norm_evaluate(h.schedule, "evaluate", desc, x, params);
  const BatchNorm forward = batch_norm_forward(h.schedule, "norm", desc, x, params, control);
  const Tensor dx = batch_norm_backward(h.schedule, "norm", desc, x, forward, dy, params,
                                        {dflat, 3}, {dflat, 3 + c}, control);
  h.run();
  return {h.read(forward.y),
          h.read(evaluated),
          h.read(dx),
          h.read(dflat, c, 3),
          h.read(dflat, c, 3 + c),
          h.read(params.running_mean.buffer, c),
          h.read(params.running_var.buffer, c),
          h.read_all<float>(forward.y.buffer, forward.y.padded_size()),
          h.read_all<float>(dx.buffer, dx.padded_size()),
          x};
}

}  // namespace

BOOST_DATA_TEST_CASE(batch_norm_agrees_with_the_reference, data::make(kBatchNormCases), k) {
  const Values v = values_of(k);
  const Found found = run(k, v, 2);
  const auto statistics = reference::batch_norm_statistics(v.x, v.shape);
  const auto want = reference::batch_norm_backward(v.dy, v.x, v.gamma, v.beta, v.shape);
  // Values deviate by 0.6 from their mean, unless there are few of them: the least deviation says
  // how much roundings of x and of its mean, of 2^-24 of their size, are magnified.
  double least = 1;
  for (const double variance : statistics.variance)
    least = std::min(least, std::sqrt(variance + 1e-5));
  const double value = 0x1p-24 * (8 + 8 * std::abs(k.mean)) / least;
  const double terms = double(k.count * k.h * k.w);
  const Vector want_y = reference::batch_norm_forward(v.x, v.gamma, v.beta, v.shape);
  check_close(found.y, want_y, 2 * value, 4 * 0x1p-24 / least, "y");
  check_close(
      found.evaluated,
      reference::batch_norm_apply(v.x, v.gamma, v.beta, v.running_mean, v.running_var, v.shape),
      0x1p-24 * (8 + 4 * std::abs(k.mean)), 0, "evaluated y");
  check_close(found.dbeta, want.dbeta, sum_tolerance(std::size_t(terms)), 0, "dbeta");
  check_close(found.dgamma, want.dgamma,
              2 / least * (sum_tolerance(std::size_t(terms)) + value * std::sqrt(terms)), 0,
              "dgamma");
  check_close(found.dx, want.dx, 8 * value / least, 0, "dx");
  for (std::size_t i = 0; i < std::size_t(k.c); ++i) {
    const double mean = 0.9 * v.running_mean[i] + 0.1 * statistics.mean[i];
    const double unbiased = terms > 1 ? statistics.unbiased[i] : 0;  // which one value has not
    const double var = 0.9 * v.running_var[i] + 0.1 * unbiased;
    const double size = 1 + std::abs(k.mean);
    BOOST_TEST(std::abs(found.running_mean[i] - mean) <= 8 * 0x1p-24 * size);
    BOOST_TEST(std::abs(found.running_var[i] - var) <= 16 * 0x1p-24 * size);
  }
  // Padding: of images (their gradient is zero), and of channels (which stay zero).
  for (std::size_t i = k.size() / std::size_t(k.n) * std::size_t(k.count); i < k.size(); ++i)
    if (found.dx[i] != 0) BOOST_ERROR("dx of a padding image is " << found.dx[i]);
  const auto total = [](const auto& values) {
    return std::count_if(values.begin(), values.end(), [](auto x) { return x != 0; });
  };
  BOOST_TEST(total(found.y_memory) == total(found.y));
  BOOST_TEST(total(found.dx_memory) == total(found.dx));
}

BOOST_DATA_TEST_CASE(batch_norm_has_the_same_bits_with_any_number_of_threads,
                     data::make(kBatchNormCases), k) {
  if (testing_cuda()) return;  // which knows no threads of a CPU
  const Values v = values_of(k);
  const Found one = run(k, v, 1), three = run(k, v, 3);
  BOOST_TEST((one.y == three.y));
  BOOST_TEST((one.dx == three.dx));
  BOOST_TEST((one.dgamma == three.dgamma));
  BOOST_TEST((one.dbeta == three.dbeta));
  BOOST_TEST((one.running_mean == three.running_mean));
  BOOST_TEST((one.running_var == three.running_var));
}

// To the bit: it is its own mean, so what it is changes nothing, and 1 / sqrt(epsilon) magnifies
// nothing. (Against the reference a difference of 1e-4 would pass, for what epsilon makes of
// roundings.)
BOOST_AUTO_TEST_CASE(one_value_alone_becomes_beta_and_has_no_gradient) {
  for (const int block : {1, 8}) {
    const BatchNormCase k = {3, 1, 11, 1, 1, block, false};  // two images are padding
    const Values v = values_of(k);
    const Found found = run(k, v, 2);
    const std::size_t c = v.beta.size();
    check_close(Vector(found.y.begin(), found.y.begin() + k.c), v.beta, 0, 0, "y");
    check_close(found.dx, Vector(v.x.size()), 0, 0, "dx");
    check_close(found.dgamma, Vector(c), 0, 0, "dgamma");
    check_close(found.dbeta, Vector(v.dy.begin(), v.dy.begin() + k.c), 0, 0, "dbeta");
  }
}

// As of a rank that has no share of the last batch.
BOOST_AUTO_TEST_CASE(a_batch_without_images_leaves_running_statistics_as_they_were) {
  const BatchNormCase k = {2, 0, 5, 3, 3, 8, false};
  const Values v = values_of(k);
  const Found found = run(k, v, 2);
  BOOST_TEST((found.running_mean == v.running_mean));
  BOOST_TEST((found.running_var == v.running_var));
  check_close(found.dx, Vector(v.x.size()), 0, 0, "dx");
  check_close(found.dgamma, Vector(v.gamma.size()), 0, 0, "dgamma");
  check_close(found.dbeta, Vector(v.beta.size()), 0, 0, "dbeta");
}

BOOST_AUTO_TEST_CASE(padding_images_do_not_change_what_a_batch_norm_finds) {
  const BatchNormCase k = {4, 3, 5, 9, 7, 8, true};
  Values v = values_of(k);
  const Found before = run(k, v, 2);
  const std::size_t real = k.size() / 4 * 3;
  for (std::size_t i = real; i < k.size(); ++i) v.x[i] = 1e6, v.dy[i] = 1e6;
  const Found after = run(k, v, 2);
  BOOST_TEST((before.dx == after.dx));
  BOOST_TEST((before.dgamma == after.dgamma));
  BOOST_TEST((before.running_mean == after.running_mean));
  BOOST_TEST(
      std::equal(before.y.begin(), before.y.begin() + std::ptrdiff_t(real), after.y.begin()));
}

// The control block tells of the whole batch.
BOOST_AUTO_TEST_CASE(a_pass_over_part_of_a_batch_normalises_its_own_images) {
  for (const BatchNormCase& k :
       {BatchNormCase{4, 4, 5, 9, 7, 8, true}, BatchNormCase{3, 3, 4, 4, 6, 1, false}}) {
    const Values v = values_of(k);
    BatchNormCase larger = k;
    larger.count = 2 * k.n;
    const Found own = run(k, v, 2), found = run(larger, v, 2);
    BOOST_TEST((found.y == own.y));
    BOOST_TEST((found.dx == own.dx));
    BOOST_TEST((found.dgamma == own.dgamma));
    BOOST_TEST((found.dbeta == own.dbeta));
    BOOST_TEST((found.running_var == own.running_var));
  }
}

BOOST_AUTO_TEST_CASE(running_statistics_stay_where_a_batch_norm_is_told_so) {
  const BatchNormCase k = {2, 2, 5, 3, 3, 1, false};
  const Values v = values_of(k);
  const Found updated = run(k, v, 2), kept = run(k, v, 2, false);
  BOOST_TEST((kept.running_mean == v.running_mean));
  BOOST_TEST((kept.running_var == v.running_var));
  BOOST_TEST((updated.running_mean != v.running_mean));
  BOOST_TEST((kept.y == updated.y));
}
