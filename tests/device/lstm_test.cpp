#include "device/ops/lstm.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>

#include "common/compare.hpp"
#include "device/op_harness.hpp"
#include "device/ops/lstm_cell.hpp"
#include "reference/lstm.hpp"

/// The LSTM layer against the double-precision reference, forward and back through time.
namespace data = boost::unit_test::data;
using namespace mapnet;
using namespace mapnet::test;

namespace {

struct LstmCase {
  int n, t, i, h;
  bool last_only = false, need_dx = true;
  int n_threads = 2;
};
std::ostream& operator<<(std::ostream& out, const LstmCase& k) {
  return out << k.n << "x" << k.t << "x" << k.i << " -> " << k.h
             << (k.last_only ? ", last step" : "") << (k.need_dx ? "" : ", no dx") << ", "
             << k.n_threads << " threads";
}

// Sizes around vectors of 16, warps, and the width above which a GPU takes other kernels (64).
const LstmCase kLstmCases[] = {
    {1, 1, 1, 1},           {7, 24, 1, 32, true, false},    {33, 24, 1, 32, false, true, 1},
    {16, 24, 32, 32, true}, {7, 2, 67, 5, false},           {16, 24, 3, 33, true, true, 1},
    {33, 2, 67, 64, false}, {1, 24, 67, 32, false},         {16, 3, 1, 1, true},
    {7, 5, 3, 65, false},   {5, 3, 67, 130, true, true, 3}, {9, 4, 20, 100, false, false, 1},
    {2, 0x20, 2, 8, false},
};

reference::Lstm shape_of(const LstmCase& k) {
  return {std::size_t(k.n), std::size_t(k.t), std::size_t(k.i), std::size_t(k.h), k.last_only};
}

/// As PyTorch draws them: uniform within 1 / sqrt(H).
reference::LstmParams params_of(const reference::Lstm& s) {
  const double bound = 1 / std::sqrt(static_cast<double>(s.h));
  const auto draw = [&](std::size_t n, std::uint64_t seed) {
    return exact_floats(n, seed, -bound, bound);
  };
  return {draw(4 * s.h * s.i, 1), draw(4 * s.h * s.h, 2), draw(4 * s.h, 3), draw(4 * s.h, 4)};
}

/// Parameters one behind the other from an odd offset of a flat buffer, as in theta.
LstmParams slices_in(BufferId buffer, const reference::LstmParams& p) {
  LstmParams slices;
  std::size_t at = 3;
  const auto next = [&](const Vector& values) {
    const ParamSlice slice = {buffer, at};
    at += values.size();
    return slice;
  };
  slices.weight_ih = next(p.weight_ih);
  slices.weight_hh = next(p.weight_hh);
  slices.bias_ih = next(p.bias_ih);
  slices.bias_hh = next(p.bias_hh);
  return slices;
}

Vector flat(const reference::LstmParams& p) {
  Vector theta(3, 0.0);
  for (const Vector* part : {&p.weight_ih, &p.weight_hh, &p.bias_ih, &p.bias_hh})
    theta.insert(theta.end(), part->begin(), part->end());
  return theta;
}

struct LstmRun {
  Vector y, y_alone, dx, dtheta;
};

LstmRun run_lstm(const LstmCase& k, const Vector& x, const reference::LstmParams& p,
                 const Vector& dy) {
  const LstmDesc desc = {k.h, k.last_only};
  OpHarness h(k.n_threads);
  const Tensor xt = h.tensor(k.n, k.t, k.i, 1, 1, x);
  const Vector theta = flat(p);
  const BufferId params = h.input(theta), gradients = h.output(theta.size());
  const Lstm alone = lstm_forward(h.schedule, "alone", desc, xt, slices_in(params, p), false);
  BOOST_TEST(alone.saved == kNoBuffer);
  const Lstm layer = lstm_forward(h.schedule, "lstm", desc, xt, slices_in(params, p), true);
  const Tensor dyt = h.tensor(layer.y.n, layer.y.c, layer.y.h, layer.y.w, 1, dy);
  const Tensor dx = lstm_backward(h.schedule, "lstm", desc, xt, layer, dyt, slices_in(params, p),
                                  slices_in(gradients, p), k.need_dx);
  BOOST_TEST((dx.buffer != kNoBuffer) == k.need_dx);
  h.run();
  return {h.read(layer.y), h.read(alone.y), k.need_dx ? h.read(dx) : Vector(),
          h.read(gradients, theta.size() - 3, 3)};
}

double largest(const Vector& values) {
  double most = 0;
  for (const double v : values) most = std::max(most, std::abs(v));
  return most;
}

}  // namespace

BOOST_DATA_TEST_CASE(lstm_agrees_with_the_reference, data::make(kLstmCases), k) {
  const reference::Lstm s = shape_of(k);
  const reference::LstmParams p = params_of(s);
  const Vector x = exact_floats(s.x_size(), 5), dy = exact_floats(s.y_size(), 6);
  const LstmRun got = run_lstm(k, x, p, dy);

  const auto want = reference::lstm_backward(dy, x, p, s);
  // A gate's sum has I + H terms of size 1 / sqrt(H); what it is off by reaches h at a slope below
  // 1/4 to 1, and the steps behind through weights whose gain is about 1, a few times over.
  const double of_sum = sum_tolerance(s.i + s.h) / std::sqrt(static_cast<double>(s.h)) + 1e-6;
  check_close(got.y, reference::lstm_forward(x, p, s), 4 * of_sum, 0, "y");
  BOOST_TEST(got.y_alone == got.y, boost::test_tools::per_element());
  // Gradients inherit the values' relative error and add that of their own sums.
  if (k.need_dx)
    check_close(got.dx, want.dx, largest(want.dx) * (8 * of_sum + sum_tolerance(4 * s.h)), 0, "dx");
  const Vector dtheta = flat(want.d);
  check_close(got.dtheta, Vector(dtheta.begin() + 3, dtheta.end()),
              largest(dtheta) * (8 * of_sum + sum_tolerance(s.n * s.t)), 0, "dtheta");
}

BOOST_AUTO_TEST_CASE(an_lstm_cell_is_as_exact_as_it_says) {
  const auto sigmoid = [](double v) { return 1 / (1 + std::exp(-v)); };
  Vector gates, states, want_gates, want_states;
  for (int step = -70000; step <= 70000; ++step) {
    const float x = static_cast<float>(step) * 1e-3f;
    const double exact = static_cast<double>(x);
    const LstmCell cell = lstm_cell(x, -x, x, 0.5f * x, 0.75f);
    for (const float gate : {cell.i, cell.f, cell.g, cell.o})
      gates.push_back(static_cast<double>(gate));
    const double i = sigmoid(exact), f = sigmoid(-exact), g = std::tanh(exact),
                 o = sigmoid(0.5 * exact), c = f * 0.75 + i * g;
    want_gates.insert(want_gates.end(), {i, f, g, o});
    states.insert(states.end(), {static_cast<double>(cell.c), static_cast<double>(cell.h)});
    want_states.insert(want_states.end(), {c, o * std::tanh(c)});
  }
  check_close(gates, want_gates, 3e-7, 0, "gates");
  check_close(states, want_states, 1.2e-6, 0, "c and h");  // of up to four such errors
  const float nan = std::nanf("");
  BOOST_TEST(std::isnan(lstm_cell(nan, 0, 0, 0, 0).h));
  BOOST_TEST(std::isnan(lstm_cell(0, nan, 0, 0, 0).h));
  BOOST_TEST(std::isnan(lstm_cell(0, 0, nan, 0, 0).h));
  BOOST_TEST(std::isnan(lstm_cell(0, 0, 0, nan, 0).h));
}

BOOST_AUTO_TEST_CASE(an_lstm_gives_the_same_bits_every_time) {
  for (const LstmCase& k : {LstmCase{33, 24, 3, 32}, LstmCase{9, 5, 20, 100}}) {
    const reference::Lstm s = shape_of(k);
    const Vector x = exact_floats(s.x_size(), 5), dy = exact_floats(s.y_size(), 6);
    const LstmRun a = run_lstm(k, x, params_of(s), dy), b = run_lstm(k, x, params_of(s), dy);
    BOOST_TEST(a.y == b.y, boost::test_tools::per_element());
    BOOST_TEST(a.dx == b.dx, boost::test_tools::per_element());
    BOOST_TEST(a.dtheta == b.dtheta, boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(gates_far_from_zero_stay_finite) {
  const LstmCase k{3, 4, 1, 2};
  const reference::Lstm s = shape_of(k);
  reference::LstmParams p = params_of(s);
  for (double& b : p.bias_ih) b *= 1000;
  const Vector x = exact_floats(s.x_size(), 5), dy = exact_floats(s.y_size(), 6);
  const LstmRun got = run_lstm(k, x, p, dy);
  check_close(got.y, reference::lstm_forward(x, p, s), 2e-6, 0, "y");
  check_close(got.dx, reference::lstm_backward(dy, x, p, s).dx, 2e-6, 0, "dx");
}

BOOST_AUTO_TEST_CASE(an_lstm_wants_a_plain_sequence_and_a_unit) {
  OpHarness h;
  const BufferId params = h.input(Vector(200));
  const LstmParams slices = {{params, 0}, {params, 40}, {params, 120}, {params, 160}};
  Tensor x = h.tensor(2, 3, 4, 1, 1, Vector(24));
  BOOST_CHECK_THROW(lstm_forward(h.schedule, "lstm", {0}, x, slices, true), std::exception);
  x.w = 2;
  BOOST_CHECK_THROW(lstm_forward(h.schedule, "lstm", {2}, x, slices, true), std::exception);
  x.w = 1, x.channel_block = 8;
  BOOST_CHECK_THROW(lstm_forward(h.schedule, "lstm", {2}, x, slices, true), std::exception);
}
