#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "common/compare.hpp"
#include "device/op_harness.hpp"
#include "device/ops/conv_pool2d.hpp"
#include "reference/conv2d.hpp"
#include "reference/maxpool2d.hpp"

/// The joined convolution and pooling against the reference, in one part and in several.
namespace data = boost::unit_test::data;
using namespace mapnet;
using namespace mapnet::test;

namespace {

struct ConvPoolCase {
  int n, c, size, out, padding, block;
  int parts;  // that the CPU walks the batch in
  int stride = 1;
  bool bias = true;
};
std::ostream& operator<<(std::ostream& out, const ConvPoolCase& k) {
  return out << k.n << "x" << k.c << "x" << k.size << " -> " << k.out << ", padding " << k.padding
             << ", stride " << k.stride << (k.bias ? "" : ", no bias");
}
// CNN1's first two convolutions at a batch that is split, CNN2's, and one too small to split; then
// with a stride and without a bias.
const ConvPoolCase kConvPoolCases[] = {
    {64, 1, 28, 32, 1, 1, 4},         {64, 32, 14, 64, 1, 16, 2},
    {64, 1, 28, 16, 0, 1, 2},         {3, 16, 13, 32, 0, 16, 1},
    {64, 3, 31, 64, 1, 1, 2, 2},      {64, 32, 14, 64, 1, 16, 2, 1, false},
    {3, 5, 15, 19, 1, 1, 1, 2, false}};

std::size_t count_steps(const Schedule& schedule, const std::string& name) {
  std::size_t n = 0;
  for (const Step& step : schedule.steps()) n += step.name == name;
  return n;
}

}  // namespace

BOOST_DATA_TEST_CASE(conv_pool2d_agrees_with_the_reference, data::make(kConvPoolCases), k) {
  const auto size = std::size_t(k.size);
  const reference::Conv2d conv = {
      std::size_t(k.n),       std::size_t(k.c),      size,  size, std::size_t(k.out), 3,
      std::size_t(k.padding), std::size_t(k.stride), k.bias};
  const reference::MaxPool2d pool = {conv.n * conv.o, conv.out_h(), conv.out_w()};
  const Vector x = exact_floats(conv.x_size(), 1), w = exact_floats(conv.weight_size(), 2),
               b = exact_floats(conv.bias_size(), 3);
  const Vector between = reference::conv2d_forward(x, w, b, conv);
  const auto pooled = reference::maxpool2d_forward(between, pool);
  const Vector dy = exact_floats(pooled.y.size(), 4);

  OpHarness h;
  const Tensor xt = h.tensor(k.n, k.c, k.size, k.size, k.block, x);
  const BufferId weight = h.input(w), dweight = h.output(w.size());
  const ParamSlice bias = k.bias ? ParamSlice{h.input(b), 0} : ParamSlice{};
  const ParamSlice dbias = k.bias ? ParamSlice{h.output(b.size()), 0} : ParamSlice{};
  const ConvPool2dDesc desc = {{k.out, 3, k.padding, false, k.stride}, 2};
  const ConvPool2d forward = conv_pool2d_forward(h.schedule, "conv", desc, xt, {weight, 0}, bias);
  const Tensor dyt = h.tensor(k.n, k.out, forward.y.h, forward.y.w, forward.y.channel_block, dy);
  const Tensor dx = conv_pool2d_backward(h.schedule, "conv", desc, xt, forward, dyt, {weight, 0},
                                         {dweight, 0}, dbias, true);
  BOOST_TEST(count_steps(h.schedule, "conv.forward") == std::size_t(testing_cuda() ? 1 : k.parts));
  h.run();

  const auto want = reference::conv2d_backward(
      reference::maxpool2d_backward(dy, pooled.source, pool), x, w, conv);
  const double winograd = 4;  // see conv_test.cpp
  const std::size_t taps = conv.c * 9, places = conv.n * conv.out_h() * conv.out_w() / 4;
  check_close(h.read(forward.y), pooled.y, winograd * sum_tolerance(taps), 0, "y");
  check_close(h.read(dx), want.dx, winograd * sum_tolerance(conv.o * 9), 0, "dx");
  check_close(h.read(dweight, w.size()), want.dweight, winograd * sum_tolerance(places), 0,
              "dweight");
  if (k.bias)
    check_close(h.read(dbias.buffer, b.size()), want.dbias, sum_tolerance(places), 0, "dbias");
}

BOOST_AUTO_TEST_CASE(a_relu_before_the_pooling_is_refused) {
  OpHarness h;
  const Tensor x = h.tensor(1, 1, 8, 8, 1, Vector(64));
  const BufferId params = h.input(Vector(100));
  BOOST_CHECK_THROW(
      conv_pool2d_forward(h.schedule, "conv", {{2, 3, 0, true}, 2}, x, {params, 0}, {params, 18}),
      std::exception);
}
