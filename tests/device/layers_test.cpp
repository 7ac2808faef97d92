#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "common/compare.hpp"
#include "device/op_harness.hpp"
#include "device/ops/conv2d.hpp"
#include "device/ops/linear.hpp"
#include "device/ops/max_pool.hpp"
#include "device/ops/relayout.hpp"
#include "device/ops/relu.hpp"
#include "reference/conv2d.hpp"
#include "reference/linear.hpp"
#include "reference/maxpool2d.hpp"
#include "reference/relu.hpp"

/// Each layer's fast twin against the double-precision reference, forward and backward.
namespace data = boost::unit_test::data;
using namespace mapnet;
using namespace mapnet::test;

namespace {

struct ConvCase {
  int n, c, size, out, kernel, padding, block;
  bool relu;
  int stride = 1;
  bool bias = true;
};
std::ostream& operator<<(std::ostream& out, const ConvCase& k) {
  return out << k.n << "x" << k.c << "x" << k.size << " -> " << k.out << ", kernel " << k.kernel
             << ", padding " << k.padding << ", stride " << k.stride << ", block " << k.block
             << (k.relu ? ", relu" : "") << (k.bias ? "" : ", no bias");
}

// Every convolution of CNN1 and CNN2, then odd sizes: channels that fill no block, 1x1 and 5x5
// kernels, one pixel, one image. Last ResNet's: its stem, strides that leave rows over,
// projections.
const ConvCase kConvs[] = {
    {4, 1, 28, 16, 3, 0, 1, false},
    {4, 16, 13, 32, 3, 0, 16, false},
    {2, 1, 28, 32, 3, 1, 1, false},
    {2, 32, 14, 64, 3, 1, 16, false},
    {2, 64, 7, 128, 3, 1, 16, true},
    {2, 128, 7, 128, 3, 1, 16, false},
    {3, 3, 9, 5, 3, 1, 1, true},
    {2, 20, 6, 12, 1, 0, 16, false},
    {1, 8, 10, 24, 5, 2, 8, true},
    {1, 1, 3, 1, 3, 0, 1, false},
    {2, 3, 21, 64, 7, 3, 1, false, 2, false},
    {2, 3, 32, 16, 7, 3, 1, true, 2, true},
    {2, 16, 14, 32, 3, 1, 16, false, 2, false},
    {2, 19, 9, 24, 3, 1, 16, true, 2, false},
    {2, 32, 14, 64, 1, 0, 16, false, 2, false},
    {2, 32, 7, 64, 1, 0, 8, false, 1, false},
    {3, 5, 11, 7, 3, 0, 1, false, 3, true},
    {2, 64, 8, 32, 3, 1, 16, true, 1, false},
};

// Winograd's transforms (oneDNN may take F(4x4, 3x3) for wide layers) multiply values by up to 8 on
// the way in and out; direct convolutions stay well within.
constexpr double kWinograd = 4;

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

BOOST_DATA_TEST_CASE(conv2d_agrees_with_the_reference, data::make(kConvs), k) {
  const reference::Conv2d shape = {
      std::size_t(k.n),   std::size_t(k.c),      std::size_t(k.size),    std::size_t(k.size),
      std::size_t(k.out), std::size_t(k.kernel), std::size_t(k.padding), std::size_t(k.stride)};
  const Vector x = exact_floats(shape.x_size(), 1), w = exact_floats(shape.weight_size(), 2),
               b = k.bias ? exact_floats(shape.o, 3) : Vector(shape.o),
               dy = exact_floats(shape.y_size(), 4);
  const Conv2dDesc desc = {k.out, k.kernel, k.padding, k.relu, k.stride};

  OpHarness h;
  const Tensor xt = h.tensor(k.n, k.c, k.size, k.size, k.block, x);
  // Parameters at an odd offset of a flat buffer, as in theta.
  Vector theta(3, 0.0);
  theta.insert(theta.end(), w.begin(), w.end());
  theta.insert(theta.end(), b.begin(), b.end());
  const BufferId params = h.input(theta), dparams = h.output(theta.size());
  const std::size_t bias_at = 3 + w.size();
  const ParamSlice bias = k.bias ? ParamSlice{params, bias_at} : ParamSlice{},
                   dbias = k.bias ? ParamSlice{dparams, bias_at} : ParamSlice{};
  const Tensor y = conv2d_forward(h.schedule, "conv", desc, xt, {params, 3}, bias);
  const Tensor dyt = h.tensor(k.n, k.out, y.h, y.w, y.channel_block, dy);
  const Tensor dx =
      conv2d_backward(h.schedule, "conv", desc, xt, dyt, {params, 3}, {dparams, 3}, dbias, true);
  h.run();

  Vector want_y = reference::conv2d_forward(x, w, b, shape);
  if (k.relu) want_y = reference::relu_forward(want_y);
  const auto want = reference::conv2d_backward(dy, x, w, shape);
  const std::size_t area = shape.out_h() * shape.out_w();
  check_close(h.read(y), want_y, kWinograd * sum_tolerance(shape.c * shape.k * shape.k), 0, "y");
  check_close(h.read(dx), want.dx, kWinograd * sum_tolerance(shape.o * shape.k * shape.k), 0, "dx");
  check_close(h.read(dparams, w.size(), 3), want.dweight, kWinograd * sum_tolerance(shape.n * area),
              0, "dweight");
  if (k.bias)
    check_close(h.read(dparams, b.size(), bias_at), want.dbias, sum_tolerance(shape.n * area), 0,
                "dbias");
}

BOOST_AUTO_TEST_CASE(a_kernel_larger_than_its_input_is_refused) {
  OpHarness h;
  const Tensor x = h.tensor(1, 1, 4, 4, 1, Vector(16));
  const BufferId params = h.input(Vector(100));
  BOOST_CHECK_THROW(conv2d_forward(h.schedule, "conv", {1, 7, 1}, x, {params, 0}, {params, 49}),
                    std::exception);
  BOOST_CHECK_THROW(max_pool_forward(h.schedule, "pool", {5}, x), std::exception);
}

BOOST_AUTO_TEST_CASE(a_pooling_window_beyond_a_byte_is_refused_on_a_gpu) {
  if (!testing_cuda()) return;  // a CPU's positions are oneDNN's own
  OpHarness h;
  const Tensor x = h.tensor(1, 1, 34, 34, 1, Vector(34 * 34));
  BOOST_CHECK_THROW(max_pool_forward(h.schedule, "pool", {17}, x), std::exception);
  BOOST_CHECK_NO_THROW(max_pool_forward(h.schedule, "pool", {16}, x));
}

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

BOOST_AUTO_TEST_CASE(max_pooling_and_relu_give_exactly_the_reference) {
  for (const int size : {26, 11, 7, 3, 2})
    for (const int block : {1, 8, 16}) {
      const int n = 2, c = 16;
      const reference::MaxPool2d shape = {std::size_t(n * c), std::size_t(size), std::size_t(size)};
      // A coarse grid of values, so that windows have ties.
      Vector x = exact_floats(std::size_t(n * c * size * size), 5, -4, 4);
      for (double& v : x) v = std::round(v);
      const std::size_t out = std::size_t(n * c * (size / 2) * (size / 2));
      const Vector dy = exact_floats(out, 6);

      OpHarness h;
      const Tensor xt = h.tensor(n, c, size, size, block, x);
      const MaxPool pool = max_pool_forward(h.schedule, "pool", {2}, xt);
      relu_forward(h.schedule, "relu", pool.y);
      const Tensor dyt = h.tensor(n, c, size / 2, size / 2, block, dy);
      relu_backward(h.schedule, "relu", pool.y, dyt);
      const Tensor dx = max_pool_backward(h.schedule, "pool", {2}, xt, pool, dyt);
      h.run();

      const auto pooled = reference::maxpool2d_forward(x, shape);
      const Vector want_y = reference::relu_forward(pooled.y);
      const Vector want_dy = reference::relu_backward(dy, pooled.y);
      const Vector want_dx = reference::maxpool2d_backward(want_dy, pooled.source, shape);
      const std::string what = "size " + std::to_string(size) + ", block " + std::to_string(block);
      check_close(h.read(pool.y), want_y, 0, 0, what + ": y");
      check_close(h.read(dx), want_dx, 0, 0, what + ": dx");
    }
}
