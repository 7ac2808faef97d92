#include "device/ops/gemv.hpp"

#include <boost/test/unit_test.hpp>

#include "common/compare.hpp"
#include "common/temporary.hpp"
#include "device/op_harness.hpp"
#include "reference/linear.hpp"
#include "reference/relu.hpp"

using namespace mapnet;
using namespace mapnet::test;

namespace {

struct GemvRun {
  Vector y, dx, dweight, dbias;
};

/// All of it in one buffer, as trained values are: (x | W | b) and (dx | dW | db).
GemvRun run_gemv(const GemvDesc& d, bool biased, const Vector& trained, const Vector& dy,
                 int n_threads = 2) {
  OpHarness h(n_threads);
  const std::size_t w = d.inputs, b = w + d.outputs * d.inputs;
  const BufferId values = h.input(trained), gradient = h.output(trained.size());
  const BufferId y = h.output(d.outputs + 3), g = h.input(dy);
  const ParamSlice none;
  gemv_forward(h.schedule, "gemv", d, {y, 3}, {values, 0}, {values, w},
               biased ? ParamSlice{values, b} : none);
  gemv_backward(h.schedule, "gemv", d, {gradient, 0}, {gradient, w},
                biased ? ParamSlice{gradient, b} : none, {g, 0}, {values, 0}, {values, w});
  // Without dx the other gradients are the same.
  const BufferId less = h.output(trained.size());
  gemv_backward(h.schedule, "less", d, none, {less, w}, biased ? ParamSlice{less, b} : none, {g, 0},
                {values, 0}, {values, w});
  h.run();
  const std::size_t cells = d.outputs * d.inputs, n_bias = biased ? d.outputs : 0;
  const GemvRun run{h.read(y, d.outputs, 3), h.read(gradient, d.inputs), h.read(gradient, cells, w),
                    h.read(gradient, n_bias, b)};
  BOOST_TEST((h.read(less, cells, w) == run.dweight));
  BOOST_TEST((h.read(less, n_bias, b) == run.dbias));
  return run;
}

}  // namespace

BOOST_AUTO_TEST_CASE(gemv_agrees_with_the_reference) {
  // Table 7's shapes on fewer rows; one row; one column; more columns than a block has threads.
  for (const auto& [outputs, inputs] : {std::pair<std::size_t, std::size_t>{1009, 5},
                                        {1009, 15},
                                        {700, 61},
                                        {61, 307},
                                        {1, 40},
                                        {300, 1},
                                        {3, 1000},
                                        {129, 16}})
    for (const bool biased : {false, true})
      for (const bool relu : {false, true}) {
        const reference::Linear shape = {1, inputs, outputs};
        const std::size_t cells = outputs * inputs;
        const Vector x = exact_floats(inputs, 1), w = exact_floats(cells, 2),
                     b = biased ? exact_floats(outputs, 3) : Vector(outputs, 0.0),
                     dy = exact_floats(outputs, 4);
        Vector trained = x;
        trained.insert(trained.end(), w.begin(), w.end());
        if (biased) trained.insert(trained.end(), b.begin(), b.end());
        const GemvRun fast = run_gemv({outputs, inputs, relu}, biased, trained, dy);

        Vector want_y = reference::linear_forward(x, w, b, shape);
        if (relu) want_y = reference::relu_forward(want_y);
        const auto want = reference::linear_backward(dy, x, w, shape);
        const std::string what = std::to_string(outputs) + " x " + std::to_string(inputs) + ": ";
        check_close(fast.y, want_y, sum_tolerance(inputs), 0, what + "y");
        check_close(fast.dx, want.dx, sum_tolerance(outputs), 0, what + "dx");
        check_close(fast.dweight, want.dweight, 0, 0x1p-24, what + "dweight");  // one rounding
        if (biased) check_close(fast.dbias, want.dbias, 0, 0, what + "dbias");
      }
}

BOOST_AUTO_TEST_CASE(gemv_has_the_same_bits_with_any_number_of_threads) {
  const GemvDesc d = {1009, 61, false};
  const Vector trained = exact_floats(61 + 1009 * 61, 1), dy = exact_floats(1009, 2);
  const GemvRun one = run_gemv(d, false, trained, dy, 1),
                three = run_gemv(d, false, trained, dy, 3);
  BOOST_TEST((one.y == three.y && one.dx == three.dx && one.dweight == three.dweight));
}

BOOST_AUTO_TEST_CASE(gemv_refuses_an_operand_that_leaves_its_buffer) {
  OpHarness h;
  const BufferId x = h.input(Vector(5)), w = h.input(Vector(14)), y = h.output(3);
  check_fails(
      [&] {
        gemv_forward(h.schedule, "gemv", {3, 5}, {y, 0}, {x, 0}, {w, 0}, {});
      },
      {"gemv", "weight", "15", "14"});
}
