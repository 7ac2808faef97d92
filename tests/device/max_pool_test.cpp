#include "device/ops/max_pool.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "common/compare.hpp"
#include "device/op_harness.hpp"
#include "reference/maxpool2d.hpp"

/// Windows with a stride and a padding of their own; layers_test.cpp has those side by side.
namespace data = boost::unit_test::data;
using namespace mapnet;
using namespace mapnet::test;

namespace {

struct Case {
  int n, c, h, w, kernel, stride, padding, block, threads;
};
std::ostream& operator<<(std::ostream& out, const Case& k) {
  return out << k.n << "x" << k.c << "x" << k.h << "x" << k.w << ", kernel " << k.kernel
             << ", stride " << k.stride << ", padding " << k.padding << ", block " << k.block
             << ", " << k.threads << " threads";
}
// ResNet's 3x3 windows two apart, on even and odd sizes and on less than a window; then windows
// that share most of their values, have gaps between them, or are padded but side by side.
const Case kCases[] = {
    {2, 16, 16, 16, 3, 2, 1, 16, 2}, {2, 19, 13, 10, 3, 2, 1, 16, 1}, {3, 5, 9, 12, 3, 2, 1, 8, 2},
    {2, 3, 11, 7, 3, 2, 1, 1, 2},    {1, 3, 1, 2, 3, 2, 1, 1, 1},     {2, 16, 8, 9, 3, 1, 1, 16, 2},
    {2, 8, 9, 10, 5, 1, 2, 8, 2},    {1, 20, 11, 8, 2, 3, 0, 16, 2},  {2, 4, 7, 6, 2, 2, 1, 1, 2},
    {2, 5, 10, 45, 3, 0, 0, 1, 2},
};

}  // namespace

BOOST_DATA_TEST_CASE(max_pooling_with_a_stride_gives_exactly_the_reference, data::make(kCases), k) {
  const MaxPoolDesc desc = {k.kernel, k.stride, k.padding};
  const reference::MaxPool2d shape = {std::size_t(k.n * k.c),   std::size_t(k.h),
                                      std::size_t(k.w),         std::size_t(k.kernel),
                                      std::size_t(desc.step()), std::size_t(k.padding)};
  // A coarse grid of values, so that windows have ties, all below zero, so that padding would win;
  // and gradients in 64ths, whose sums are exact in any order.
  Vector x = exact_floats(shape.x_size(), 1, -8, -1), dy = exact_floats(shape.y_size(), 2);
  for (double& v : x) v = std::round(v);
  for (double& v : dy) v = std::round(64 * v) / 64;

  OpHarness h(k.threads);
  const Tensor xt = h.tensor(k.n, k.c, k.h, k.w, k.block, x);
  const MaxPool pool = max_pool_forward(h.schedule, "pool", desc, xt);
  BOOST_REQUIRE(std::size_t(pool.y.h) == shape.out_h());
  BOOST_REQUIRE(std::size_t(pool.y.w) == shape.out_w());
  const Tensor dyt = h.tensor(k.n, k.c, pool.y.h, pool.y.w, k.block, dy);
  const Tensor dx = max_pool_backward(h.schedule, "pool", desc, xt, pool, dyt);
  h.run();

  const auto want = reference::maxpool2d_forward(x, shape);
  check_close(h.read(pool.y), want.y, 0, 0, "y");
  check_close(h.read(dx), reference::maxpool2d_backward(dy, want.source, shape), 0, 0, "dx");
}

BOOST_AUTO_TEST_CASE(a_window_that_could_lie_in_the_padding_alone_is_refused) {
  OpHarness h;
  const Tensor x = h.tensor(1, 1, 4, 4, 1, Vector(16));
  BOOST_CHECK_THROW(max_pool_forward(h.schedule, "pool", {2, 2, 2}, x), std::exception);
  BOOST_CHECK_THROW(max_pool_forward(h.schedule, "pool", {7, 2, 1}, x), std::exception);
  BOOST_CHECK_NO_THROW(max_pool_forward(h.schedule, "pool", {6, 2, 1}, x));
}
