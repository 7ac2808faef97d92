#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "common/compare.hpp"
#include "device/op_harness.hpp"
#include "device/ops/linear.hpp"
#include "device/ops/relayout.hpp"
#include "device/ops/relu.hpp"
#include "reference/linear.hpp"
#include "reference/relu.hpp"

/// Each layer's fast twin against the double-precision reference, forward and backward.
namespace data = boost::unit_test::data;
using namespace mapnet;
using namespace mapnet::test;

namespace {

struct LinearCase {
  int n, c, size, out, block;
  bool relu, bias = true;
};
std::ostream& operator<<(std::ostream& out, const LinearCase& k) {
  return out << k.n << "x" << k.c << "x" << k.size << "x" << k.size << " -> " << k.out << ", block "
             << k.block << (k.relu ? ", relu" : "") << (k.bias ? "" : ", no bias");
}
const LinearCase kLinears[] = {
    {8, 32, 5, 128, 16, true},     {8, 128, 3, 256, 16, false}, {8, 128, 1, 10, 1, false},
    {3, 7, 1, 5, 1, true},         {1, 20, 3, 1, 8, false},     {8, 32, 5, 32, 16, false, false},
    {5, 33, 1, 9, 1, true, false},
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_product_wants_a_plain_input) {
  if (testing_cuda()) return;  // there are no others
  OpHarness h;
  const Tensor x = h.tensor(1, 8, 2, 2, 8, Vector(32));
  const BufferId params = h.input(Vector(100));
  BOOST_CHECK_THROW(linear_forward(h.schedule, "fc", {2}, x, {params, 0}, {params, 64}),
                    std::exception);
}

BOOST_DATA_TEST_CASE(linear_agrees_with_the_reference, data::make(kLinears), k) {
  const std::size_t inputs = std::size_t(k.c) * std::size_t(k.size) * std::size_t(k.size);
  const reference::Linear shape = {std::size_t(k.n), inputs, std::size_t(k.out), k.bias};
  const Vector x = exact_floats(shape.n * inputs, 1),
               w = exact_floats(inputs * std::size_t(k.out), 2),
               b = exact_floats(shape.bias_size(), 3),
               dy = exact_floats(shape.n * std::size_t(k.out), 4);
  OpHarness h;
  const Tensor xt = h.tensor(k.n, k.c, k.size, k.size, k.block, x);
  const BufferId weight = h.input(w), dweight = h.output(w.size());
  const ParamSlice bias = k.bias ? ParamSlice{h.input(b), 0} : ParamSlice{};
  const ParamSlice dbias = k.bias ? ParamSlice{h.output(b.size()), 0} : ParamSlice{};
  const LinearDesc desc = {k.out, k.relu};
  const Tensor flat = relayout(h.schedule, "flatten", xt, 1);
  const Tensor y = linear_forward(h.schedule, "fc", desc, flat, {weight, 0}, bias);
  const Tensor dyt = h.tensor(k.n, k.out, 1, 1, 1, dy);
  const Tensor dflat =
      linear_backward(h.schedule, "fc", desc, flat, dyt, {weight, 0}, {dweight, 0}, dbias, true);
  const Tensor dx = relayout(h.schedule, "unflatten", dflat, xt.channel_block);
  BOOST_TEST((xt.channel_block == 1 || dx.buffer != dflat.buffer));
  h.run();

  Vector want_y = reference::linear_forward(x, w, b, shape);
  if (k.relu) want_y = reference::relu_forward(want_y);
  const auto want = reference::linear_backward(dy, x, w, shape);
  check_close(h.read(y), want_y, sum_tolerance(inputs), 0, "y");
  check_close(h.read(dx), want.dx, sum_tolerance(std::size_t(k.out)), 0, "dx");
  check_close(h.read(dweight, w.size()), want.dweight, sum_tolerance(shape.n), 0, "dweight");
  if (k.bias)
    check_close(h.read(dbias.buffer, b.size()), want.dbias, sum_tolerance(shape.n), 0, "dbias");
}

BOOST_AUTO_TEST_CASE(relu_gives_exactly_the_reference) {
  for (const int block : {1, 8, 16}) {
    const int n = 2, c = 19, size = 5;
    Vector x = exact_floats(std::size_t(n * c * size * size), 5, -4, 4);
    for (double& v : x) v = std::round(v);  // zeros among them
    const Vector dy = exact_floats(x.size(), 6);
    OpHarness h;
    const Tensor y = h.tensor(n, c, size, size, block, x);
    const Tensor dyt = h.tensor(n, c, size, size, block, dy);
    relu_forward(h.schedule, "relu", y);
    relu_backward(h.schedule, "relu", y, dyt);
    h.run();
    const std::string what = "block " + std::to_string(block);
    check_close(h.read(y), reference::relu_forward(x), 0, 0, what + ": y");
    check_close(h.read(dyt), reference::relu_backward(dy, x), 0, 0, what + ": dx");
  }
}
