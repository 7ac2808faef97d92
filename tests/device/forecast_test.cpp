#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "common/compare.hpp"
#include "device/op_harness.hpp"
#include "device/ops/gather_floats.hpp"
#include "device/ops/mse.hpp"
#include "device/ops/step_control.hpp"
#include "reference/mse.hpp"

/// Batches of float samples, and the loss of a forecast.
namespace data = boost::unit_test::data;
using namespace mapnet;
using namespace mapnet::test;

namespace {

StepControl batch_of(std::int64_t first, std::int32_t count) {
  StepControl control;
  control.now.first = first;
  control.now.count = count;
  return control;
}

Tensor output_tensor(OpHarness& h, int n, int c, int rows) {
  Tensor x;
  x.n = n, x.c = c, x.h = rows;
  x.buffer = h.output(x.padded_size());
  return x;
}

}  // namespace

BOOST_AUTO_TEST_CASE(overlapping_windows_of_a_series_come_with_the_value_behind_them) {
  OpHarness h;
  // Five rows of two features; windows of two rows, whose target is the second feature, next row.
  const Vector series = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  const FloatBuffers set = {h.input(series), h.array<std::uint32_t>({2, 0, 1}), kNoBuffer, 2, 5};
  const Tensor x = output_tensor(h, 3, 2, 2);
  const BufferId targets = h.output(3);
  gather_floats(h.schedule, "gather", set, h.object(batch_of(1, 2)), x, targets);
  h.run();
  const Vector want = {1, 2, 3, 4,   // window 0
                       3, 4, 5, 6,   // window 1
                       0, 0, 0, 0};  // padding
  check_close(h.read(x), want, 0, 0, "x");
  check_close(h.read(targets, 3), Vector{6, 8, 0}, 0, 0, "targets");
}

BOOST_AUTO_TEST_CASE(rows_of_a_table_come_with_their_labels) {
  const int features = 37, samples = 600;  // longer than a warp, more samples than a thread takes
  OpHarness h;
  const Vector table = exact_floats(std::size_t(features * samples), 1);
  std::vector<std::uint8_t> labels;
  std::vector<std::uint32_t> order;
  for (int i = 0; i < samples; ++i) {
    labels.push_back(static_cast<std::uint8_t>(i % 7));
    order.push_back(static_cast<std::uint32_t>(i * 7 % samples));
  }
  const FloatBuffers set = {h.input(table), h.array(order), h.array(labels), std::size_t(features)};
  const int n = 590, first = 20, count = 580;
  const Tensor x = output_tensor(h, n, features, 1);
  const BufferId targets = h.output(std::size_t(n));
  gather_floats(h.schedule, "gather", set, h.object(batch_of(first, count)), x, targets);
  h.run();
  Vector want(x.padded_size());
  std::vector<std::int32_t> want_labels(std::size_t(n), 0);
  for (std::size_t i = 0; i < std::size_t(count); ++i) {
    const std::size_t sample = order[std::size_t(first) + i];
    std::copy_n(table.begin() + static_cast<std::ptrdiff_t>(sample * features), features,
                want.begin() + static_cast<std::ptrdiff_t>(i * features));
    want_labels[i] = labels[sample];
  }
  check_close(h.read(x), want, 0, 0, "x");
  BOOST_TEST(h.read_all<std::int32_t>(targets, std::size_t(n)) == want_labels,
             boost::test_tools::per_element());
}

struct MseCase {
  int n, columns, count;
};
std::ostream& operator<<(std::ostream& out, const MseCase& k) {
  return out << k.count << " of " << k.n << "x" << k.columns;
}
const MseCase kMses[] = {{1, 1, 1}, {128, 1, 128}, {128, 1, 77}, {512, 1, 300}, {33, 24, 32}};

BOOST_DATA_TEST_CASE(mse_agrees_with_the_reference, data::make(kMses), k) {
  const std::size_t size = std::size_t(k.n) * std::size_t(k.columns);
  const Vector y = exact_floats(size, 1), targets = exact_floats(size, 2);
  StepControl control = batch_of(0, k.count);
  control.loss_sum = 10, control.seen = 5;  // of the batches before
  OpHarness h;
  const Tensor yt = h.tensor(k.n, k.columns, 1, 1, 1, y);
  const BufferId t = h.input(targets), c = h.object(control), dy = h.output(size);
  mse(h.schedule, "mse", yt, t, c, dy);
  mse(h.schedule, "loss_alone", yt, t, c, kNoBuffer);
  h.run();
  const reference::Mse want =
      reference::mse(y, targets, std::size_t(k.columns), std::size_t(k.count));
  const StepControl after = h.read_all<StepControl>(c, 1)[0];
  // Errors are at most 2: a row is a mean of squares, at most 4, and rows are summed in double.
  const double rows = k.count;
  check_close(Vector{after.loss_sum}, Vector{10 + 2 * rows * want.loss},
              2 * rows * 4 * sum_tolerance(std::size_t(k.columns)) / k.columns, 0, "loss");
  BOOST_TEST(after.seen == 5 + 2 * k.count);
  check_close(h.read(dy, size), want.dy, 0, 5 * 0x1p-24, "dy");  // five roundings
}
