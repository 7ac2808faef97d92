#include "device/ops/micro_batch.hpp"

#include <boost/test/unit_test.hpp>
#include <limits>

#include "common/compare.hpp"
#include "device/op_harness.hpp"
#include "device/ops/add_scaled.hpp"

/// A batch in parts: what each part is, and the mean of their gradients.
using namespace mapnet;
using namespace mapnet::test;

namespace {

/// What control.now is in `parts` parts of batch `next`, and behind them.
struct Walk {
  std::vector<BatchInput> parts;
  StepControl end;
};

Walk walk(const std::vector<BatchInput>& batches, std::int64_t next, const MicroBatchDesc& desc,
          int parts) {
  OpHarness h;
  StepControl begin;
  begin.next = next;
  begin.scored = 70;
  const BufferId control = h.object(begin), inputs = h.array(batches);
  h.schedule.begin(Phase::micro_batch);
  next_micro_batch(h.schedule, "next", desc, inputs, control);
  h.schedule.begin(Phase::train);
  end_micro_batches(h.schedule, "end", inputs, control);
  h.run();  // once, in turn; again from the beginning:
  h.program->write<StepControl>(control, {&begin, 1});
  Walk w;
  for (int i = 0; i < parts; ++i) {
    h.program->run(Phase::micro_batch);
    w.parts.push_back(h.read_all<StepControl>(control, 1)[0].now);
  }
  h.program->run(Phase::train);
  w.end = h.read_all<StepControl>(control, 1)[0];
  return w;
}

/// The mean over parts that count for `weights` samples or pixels, as the steps make it.
Vector mean_of(const std::vector<Vector>& gradients, const std::vector<int>& weights,
               Scored scored) {
  constexpr std::size_t kOffset = 3;  // of the sum in its buffer
  const std::size_t n = gradients[0].size();
  OpHarness h;
  const BufferId gradient = h.input(gradients[0]), control = h.object(StepControl());
  const BufferId sum = h.output(n + kOffset);
  h.schedule.begin(Phase::step_begin);
  fill(h.schedule, "begin", sum, 0, n + kOffset);
  h.schedule.begin(Phase::micro_batch);
  accumulate(h.schedule, "accumulate", sum, kOffset, gradient, n, scored, control);
  h.schedule.begin(Phase::train);
  average_parts(h.schedule, "average", sum, n + kOffset, scored, control);
  h.run();
  h.program->run(Phase::step_begin);
  StepControl c;
  c.scored_before = c.scored = 1000;  // of earlier steps
  int all = 0;
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    const std::vector<float> values(gradients[i].begin(), gradients[i].end());
    h.program->write<float>(gradient, values);
    c.now.count = scored == Scored::samples ? weights[i] : 7;
    c.scored_before_micro = c.scored;
    c.scored += weights[i];
    c.micro = static_cast<std::int32_t>(i) + 1;
    all += weights[i];
    h.program->write<StepControl>(control, {&c, 1});
    h.program->run(Phase::micro_batch);
  }
  c.now.count = all;
  h.program->write<StepControl>(control, {&c, 1});
  h.program->run(Phase::train);
  return h.read(sum, n, kOffset);
}

}  // namespace

BOOST_AUTO_TEST_CASE(parts_follow_one_another_and_padding_is_in_the_last) {
  BatchInput batch;
  batch.first = 100, batch.step = 9, batch.count = 10, batch.row = 40, batch.lr = 0.5f;
  const Walk w = walk({BatchInput(), batch}, 1, {4, false}, 3);
  for (int i = 0; i < 3; ++i) {
    const BatchInput& part = w.parts[static_cast<std::size_t>(i)];
    BOOST_TEST(part.first == 100 + 4 * i);
    BOOST_TEST(part.row == 40 + 4 * i);
    BOOST_TEST(part.count == (i < 2 ? 4 : 2));
    BOOST_TEST(part.step == 9);
  }
  BOOST_TEST(w.end.now.first == 100);
  BOOST_TEST(w.end.now.count == 10);
  BOOST_TEST(w.end.now.lr == 0.5f);
  BOOST_TEST(w.end.next == 2);
  BOOST_TEST(w.end.micro == 0);
  BOOST_TEST(w.end.scored_before == 70);
  BOOST_TEST(walk({batch}, 3, {4, true}, 3).parts[2].first == 100);  // a window of samples
  BOOST_TEST(walk({batch}, 0, {16, false}, 1).parts[0].count == 10);
}

BOOST_AUTO_TEST_CASE(a_batch_without_samples_has_an_empty_part) {
  BOOST_TEST(walk({BatchInput()}, 0, {4, false}, 1).parts[0].count == 0);
}

// Three products, two sums and a quotient, each rounded by 2^-24 of at most the largest partial
// sum, which is at most the number of samples.
BOOST_AUTO_TEST_CASE(the_mean_of_parts_is_weighted_by_what_they_counted_for) {
  const std::vector<int> weights = {4, 4, 3};
  for (const Scored scored : {Scored::samples, Scored::pixels})
    for (const std::size_t n : {1u, 7u, 300u, 40000u}) {
      std::vector<Vector> gradients;
      for (std::uint64_t i = 0; i < 3; ++i) gradients.push_back(exact_floats(n, i + 1));
      Vector want(n);
      for (std::size_t k = 0; k < n; ++k)
        want[k] = (4 * gradients[0][k] + 4 * gradients[1][k] + 3 * gradients[2][k]) / 11;
      check_close(mean_of(gradients, weights, scored), want, 6 * 0x1p-24, 0, "mean");
    }
}

BOOST_AUTO_TEST_CASE(a_part_that_counts_for_nothing_adds_nothing_whatever_its_gradient) {
  const Vector none(50, std::numeric_limits<double>::quiet_NaN()), some = exact_floats(50, 1);
  check_close(mean_of({some, none}, {5, 0}, Scored::pixels), some, 2 * 0x1p-24, 0, "second");
  check_close(mean_of({none, some}, {0, 5}, Scored::pixels), some, 2 * 0x1p-24, 0, "first");
  check_close(mean_of({none}, {0}, Scored::samples), Vector(50), 0, 0, "alone");
}
