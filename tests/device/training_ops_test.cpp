#include <boost/test/unit_test.hpp>

#include "common/compare.hpp"
#include "device/op_harness.hpp"
#include "device/ops/adam.hpp"
#include "device/ops/cross_entropy.hpp"
#include "device/ops/gather.hpp"
#include "device/ops/step_control.hpp"
#include "reference/adam.hpp"
#include "reference/cross_entropy.hpp"

using namespace mapnet;
using namespace mapnet::test;

namespace {

struct CrossEntropyRun {
  StepControl sums;
  Vector dlogits;
};

CrossEntropyRun run_cross_entropy(const Vector& logits, const std::vector<std::uint8_t>& labels,
                                  int classes, int count, int n_threads) {
  OpHarness h(n_threads);
  const int n = static_cast<int>(logits.size()) / classes;
  const Tensor x = h.tensor(n, classes, 1, 1, 1, logits);
  std::array<std::int32_t, 4096> wide{};
  std::copy(labels.begin(), labels.end(), wide.begin());
  StepControl start;
  start.now.count = count;
  const BufferId control = h.object(start), y = h.object(wide);
  const Tensor dx = cross_entropy_forward_backward(h.schedule, "loss", x, y, control);
  h.run();
  return {h.read_all<StepControl>(control, 1)[0], h.read(dx)};
}

}  // namespace

BOOST_AUTO_TEST_CASE(cross_entropy_agrees_with_the_reference) {
  const int n = 37, classes = 10;
  for (const double spread : {1.0, 10.0, 1e4}) {
    const Vector logits = exact_floats(std::size_t(n * classes), 7, -spread, spread);
    std::vector<std::uint8_t> labels;
    for (int i = 0; i < n; ++i) labels.push_back(static_cast<std::uint8_t>(i * 7 % classes));
    for (const int count : {n, 20, 1}) {
      const auto run = run_cross_entropy(logits, labels, classes, count, 2);
      const auto want = reference::cross_entropy(logits, labels, std::size_t(classes),
                                                 static_cast<std::size_t>(count));
      // exp and log err by 2e-7 of their value; a logit's rounding moves the loss by as much again.
      check_close(run.dlogits, want.dlogits, 1e-6 / count, 1e-6, "dlogits");
      check_close(Vector{run.sums.loss_sum / count}, Vector{want.loss}, 2e-7 * spread + 1e-6, 1e-6,
                  "loss");
      BOOST_TEST(run.sums.correct == static_cast<std::int64_t>(want.correct));
      BOOST_TEST(run.sums.seen == count);
    }
  }
}

BOOST_AUTO_TEST_CASE(cross_entropy_has_the_same_bits_with_any_number_of_threads) {
  const int n = 2048, classes = 10;
  const Vector logits = exact_floats(std::size_t(n * classes), 8, -5, 5);
  std::vector<std::uint8_t> labels(std::size_t(n), 3);
  const auto one = run_cross_entropy(logits, labels, classes, n, 1);
  const auto three = run_cross_entropy(logits, labels, classes, n, 3);
  BOOST_TEST(one.sums.loss_sum == three.sums.loss_sum);
  BOOST_TEST(one.dlogits == three.dlogits, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(adam_agrees_with_the_reference_over_steps) {
  const std::size_t n = 50001;  // several chunks and a rest
  Vector x = exact_floats(n, 9);
  reference::AdamState state;
  const reference::Adam adam{0.01};
  Vector fast = x, m(n), v(n);
  for (int step = 1; step <= 3; ++step) {
    const Vector g = exact_floats(n, 10 + std::uint64_t(step));
    OpHarness h;
    StepControl control;
    control.now.adam_rate = static_cast<float>(0.01 / (1 - std::pow(0.9, step)));
    control.now.adam_inverse_root = static_cast<float>(1 / std::sqrt(1 - std::pow(0.999, step)));
    const BufferId value = h.input(fast), mm = h.input(m), vv = h.input(v), gradient = h.input(g);
    adam_step(h.schedule, "adam", {}, value, mm, vv, gradient, n, h.object(control));
    h.run();
    fast = h.read(value, n), m = h.read(mm, n), v = h.read(vv, n);
    reference::adam_step(x, g, state, adam);
  }
  // 1 - 0.999f is off by 2^-24 / 0.001 of itself: 6e-5 relative in v, half that in a step of 0.01.
  check_close(fast, x, 3 * 0.01 * 6e-5, 1e-6, "value");
}

BOOST_AUTO_TEST_CASE(each_step_takes_the_next_batch_and_the_first_after_the_last) {
  OpHarness h;
  std::array<BatchInput, 3> batches;
  for (int i = 0; i < 3; ++i) batches[std::size_t(i)].first = 100 * i;
  const BufferId table = h.object(batches), control = h.object(StepControl());
  for (int step = 0; step < 5; ++step) next_batch(h.schedule, "next", table, control);
  h.run();
  const StepControl after = h.read_all<StepControl>(control, 1)[0];
  BOOST_TEST(after.next == 5);
  BOOST_TEST(after.now.first == 100);
}

BOOST_AUTO_TEST_CASE(a_batch_is_gathered_in_order_scaled_and_padded) {
  OpHarness h;
  std::array<std::uint8_t, 5 * 4> images{};
  for (std::size_t i = 0; i < images.size(); ++i) images[i] = static_cast<std::uint8_t>(10 * i);
  const std::array<std::uint8_t, 5> labels = {5, 6, 7, 8, 9};
  const std::array<std::uint32_t, 5> order = {4, 2, 0, 1, 3};
  StepControl control;
  control.now.first = 1;
  control.now.count = 2;
  control.pixel_scale[0] = 0.5f;
  control.pixel_shift[0] = -1.0f;
  const ImageBuffers set = {h.object(images), h.object(labels), h.object(order)};
  Tensor x;
  x.n = 3, x.c = 1, x.h = 2, x.w = 2;
  x.buffer = h.output(12);
  const BufferId y = h.output(3);
  gather_batch(h.schedule, "gather", set, h.object(control), x, y);
  h.run();
  const Vector want = {39, 44, 49, 54,  // sample 2: 80 90 100 110
                       -1, 4,  9,  14,  // sample 0: 0 10 20 30
                       0,  0,  0,  0};  // padding
  check_close(h.read(x), want, 0, 0, "x");
  BOOST_TEST((h.read_all<std::int32_t>(y, 3) == std::vector<std::int32_t>{7, 5, 0}));
}
