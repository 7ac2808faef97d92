#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "common/compare.hpp"
#include "device/op_harness.hpp"
#include "device/ops/conv2d.hpp"
#include "device/spoiled.hpp"
#include "reference/conv2d.hpp"
#include "reference/relu.hpp"

/// Convolutions against the double-precision reference, forward and backward.
namespace data = boost::unit_test::data;
using namespace mapnet;
using namespace mapnet::test;

namespace {

struct ConvCase {
  int n, c, size, out, kernel, padding, block;
  bool relu;
  int stride = 1;
  bool bias = true;

  reference::Conv2d shape() const {
    const auto count = [](int v) { return static_cast<std::size_t>(v); };
    return {count(n),      count(c),       count(size),   count(size), count(out),
            count(kernel), count(padding), count(stride), bias};
  }
};
std::ostream& operator<<(std::ostream& out, const ConvCase& k) {
  return out << k.n << "x" << k.c << "x" << k.size << " -> " << k.out << ", kernel " << k.kernel
             << ", padding " << k.padding << ", stride " << k.stride << ", block " << k.block
             << (k.relu ? ", relu" : "") << (k.bias ? "" : ", no bias");
}

const ConvCase kConvCases[] = {
    // Every convolution of CNN1 and CNN2.
    {4, 1, 28, 16, 3, 0, 1, false},
    {4, 16, 13, 32, 3, 0, 16, false},
    {2, 1, 28, 32, 3, 1, 1, false},
    {2, 32, 14, 64, 3, 1, 16, false},
    {2, 64, 7, 128, 3, 1, 16, true},
    {2, 128, 7, 128, 3, 1, 16, false},
    // A ResNet's: the stem, bottlenecks, shortcuts at odd and even sizes.
    {2, 3, 33, 16, 7, 3, 1, false, 2, false},
    {2, 32, 8, 32, 3, 1, 16, false, 2, false},
    {2, 32, 9, 64, 3, 1, 16, false, 2, false},
    {2, 16, 9, 32, 1, 0, 16, false, 2, false},
    {2, 32, 8, 16, 1, 0, 16, false, 2, false},
    {1, 32, 7, 16, 1, 0, 16, true, 1, false},
    // Channels that fill no block, 1x1 and 5x5 kernels, one pixel, one image, pixels that no window
    // reaches.
    {3, 3, 9, 5, 3, 1, 1, true},
    {2, 20, 6, 12, 1, 0, 16, false},
    {1, 8, 10, 24, 5, 2, 8, true},
    {1, 1, 3, 1, 3, 0, 1, false},
    {2, 19, 9, 32, 3, 1, 16, true, 2, false},
    {2, 32, 8, 19, 3, 1, 16, false, 2},
    {3, 5, 7, 16, 1, 0, 8, false, 2, false},
    {2, 5, 11, 3, 3, 0, 1, true, 3},
    {2, 19, 7, 5, 1, 0, 16, true, 3},
};

// Winograd's transforms (oneDNN may take F(4x4, 3x3) for wide layers) multiply values by up to 8 on
// the way in and out; direct convolutions stay well within.
constexpr double kWinograd = 4;

}  // namespace

BOOST_DATA_TEST_CASE(conv2d_agrees_with_the_reference, data::make(kConvCases), k) {
  const reference::Conv2d shape = k.shape();
  const Vector x = exact_floats(shape.x_size(), 1), w = exact_floats(shape.weight_size(), 2),
               b = exact_floats(shape.bias_size(), 3), dy = exact_floats(shape.y_size(), 4);
  const Conv2dDesc desc = {k.out, k.kernel, k.padding, k.relu, k.stride};
  Vector want_y = reference::conv2d_forward(x, w, b, shape);
  if (k.relu) want_y = reference::relu_forward(want_y);
  const auto want = reference::conv2d_backward(dy, x, w, shape);

  for (const int threads : {1, 2}) {
    OpHarness h(threads);
    const Tensor xt = h.tensor(k.n, k.c, k.size, k.size, k.block, x);
    // Parameters at an odd offset of a flat buffer, as in theta.
    Vector theta(3, 0.0);
    theta.insert(theta.end(), w.begin(), w.end());
    theta.insert(theta.end(), b.begin(), b.end());
    const BufferId params = h.input(theta), dparams = h.output(theta.size());
    const std::size_t bias_at = 3 + w.size();
    const auto bias_in = [&](BufferId id) {
      return k.bias ? ParamSlice{id, bias_at} : ParamSlice{};
    };
    const Tensor y = conv2d_forward(h.schedule, "conv", desc, xt, {params, 3}, bias_in(params));
    const Tensor dyt = h.tensor(k.n, k.out, y.h, y.w, y.channel_block, dy);
    const Tensor dx = conv2d_backward(h.schedule, "conv", desc, xt, dyt, {params, 3}, {dparams, 3},
                                      bias_in(dparams), true);
    h.run();
    run_again_over_nans(h, {y, dx});

    const std::size_t area = shape.out_h() * shape.out_w();
    const double y_error = kWinograd * sum_tolerance(shape.c * shape.k * shape.k);
    const double dx_error = kWinograd * sum_tolerance(shape.o * shape.k * shape.k);
    check_close(h.read(y), want_y, y_error, 0, "y");
    check_close(h.read(dx), want.dx, dx_error, 0, "dx");
    check_close(h.read(dparams, w.size(), 3), want.dweight,
                kWinograd * sum_tolerance(shape.n * area), 0, "dweight");
    if (k.bias)
      check_close(h.read(dparams, b.size(), bias_at), want.dbias, sum_tolerance(shape.n * area), 0,
                  "dbias");
    check_padding(h, y, "y");
    check_padding(h, dx, "dx");
    // The backward pass is the adjoint of the forward pass, to what both may be off.
    if (!k.bias && !k.relu)
      BOOST_TEST(std::abs(reference::dot(h.read(y), dy) - reference::dot(x, h.read(dx))) <=
                 y_error * double(dy.size()) + dx_error * double(x.size()));
  }
}

BOOST_DATA_TEST_CASE(flops_count_the_taps_inside_the_image, data::make(kConvCases), k) {
  Tensor x;
  x.n = k.n, x.c = k.c, x.h = x.w = k.size;
  std::size_t taps = 0;
  reference::for_each_tap(k.shape(), [&](auto, auto, auto) { ++taps; });
  const Conv2dDesc desc = {k.out, k.kernel, k.padding, k.relu, k.stride};
  BOOST_TEST(conv2d_shape("conv", desc, x).flops == 2.0 * static_cast<double>(taps));
}

BOOST_AUTO_TEST_CASE(convolutions_that_do_not_exist_are_refused) {
  OpHarness h;
  const Tensor x = h.tensor(1, 1, 4, 4, 1, Vector(16));
  const BufferId params = h.input(Vector(100));
  const auto add = [&](const Conv2dDesc& desc) {
    conv2d_forward(h.schedule, "conv", desc, x, {params, 0}, {params, 50});
  };
  BOOST_CHECK_THROW(add({1, 7, 1}), std::exception);
  BOOST_CHECK_THROW(add({1, 5, 0, false, 2}), std::exception);  // one pixel too wide
  BOOST_CHECK_THROW(add({1, 3, 0, false, 0}), std::exception);
  BOOST_CHECK_NO_THROW(add({1, 3, 0, false, 5}));
}
