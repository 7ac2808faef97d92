#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "common/compare.hpp"
#include "device/op_harness.hpp"
#include "device/ops/avg_pool.hpp"
#include "device/ops/max_pool.hpp"
#include "device/spoiled.hpp"
#include "reference/avg_pool.hpp"
#include "reference/maxpool2d.hpp"

/// Poolings against the double-precision reference, forward and backward.
namespace data = boost::unit_test::data;
using namespace mapnet;
using namespace mapnet::test;

namespace {

struct PoolCase {
  MaxPoolDesc desc;
  int c, h, w;
};
std::ostream& operator<<(std::ostream& out, const PoolCase& k) {
  return out << k.c << "x" << k.h << "x" << k.w << ", window " << k.desc.kernel << ", stride "
             << k.desc.stride << ", padding " << k.desc.padding;
}
// CNNs' and U-Nets' windows, a ResNet's, then windows that overlap more and ones with gaps.
const PoolCase kPoolCases[] = {{{2}, 16, 26, 26},    {{2}, 19, 11, 7},      {{2}, 3, 3, 2},
                               {{2}, 5, 2, 2},       {{3, 2, 1}, 32, 9, 9}, {{3, 2, 1}, 19, 8, 7},
                               {{3, 2, 1}, 5, 2, 3}, {{3, 2, 1}, 3, 1, 1},  {{3, 1, 1}, 16, 5, 6},
                               {{3, 2}, 16, 8, 9},   {{3}, 5, 7, 9},        {{5, 2, 2}, 19, 7, 6},
                               {{2, 3, 1}, 3, 7, 8}, {{4, 3, 2}, 32, 9, 5}};

/// Multiples of an eighth, of which floats hold any sum exactly, in whatever order.
Vector coarse(std::size_t n, std::uint64_t seed) {
  Vector values = reference::uniform(n, seed, -4, 4);
  for (double& v : values) v = std::round(8 * v) / 8;
  return values;
}

}  // namespace

BOOST_DATA_TEST_CASE(max_pooling_gives_exactly_the_reference,
                     data::make(kPoolCases) * data::make({1, 8, 16}), k, block) {
  const int n = 2;
  const auto count = [](int v) { return static_cast<std::size_t>(v); };
  const reference::MaxPool2d shape = {count(n * k.c),       count(k.h),
                                      count(k.w),           count(k.desc.kernel),
                                      count(k.desc.step()), count(k.desc.padding)};
  // A grid so coarse that windows have ties, and below zero, where padding would win.
  Vector x = exact_floats(shape.x_size(), 5, -5, 0);
  for (double& v : x) v = std::round(v);
  const Vector dy = coarse(shape.y_size(), 6);
  const auto want = reference::maxpool2d_forward(x, shape);
  const Vector want_dx = reference::maxpool2d_backward(dy, want.source, shape);

  for (const int threads : {1, 2}) {
    OpHarness h(threads);
    const Tensor xt = h.tensor(n, k.c, k.h, k.w, block, x);
    const MaxPool pool = max_pool_forward(h.schedule, "pool", k.desc, xt);
    const Tensor dyt = h.tensor(n, k.c, pool.y.h, pool.y.w, block, dy);
    const Tensor dx = max_pool_backward(h.schedule, "pool", k.desc, xt, pool, dyt);
    h.run();
    run_again_over_nans(h, {pool.y, dx});
    check_close(h.read(pool.y), want.y, 0, 0, "y");
    check_close(h.read(dx), want_dx, 0, 0, "dx");
    check_padding(h, pool.y, "y");
    check_padding(h, dx, "dx");
  }
}

BOOST_AUTO_TEST_CASE(poolings_that_do_not_exist_are_refused) {
  OpHarness h;
  const Tensor x = h.tensor(1, 1, 4, 4, 1, Vector(16));
  for (const MaxPoolDesc& desc : {MaxPoolDesc{5}, MaxPoolDesc{5, 2}, MaxPoolDesc{0},
                                  MaxPoolDesc{2, -1}, MaxPoolDesc{3, 2, 2}})
    BOOST_CHECK_THROW(max_pool_forward(h.schedule, "pool", desc, x), std::exception);
}

BOOST_AUTO_TEST_CASE(a_pooling_window_beyond_a_byte_is_refused_on_a_gpu) {
  if (!testing_cuda()) return;  // a CPU's positions are oneDNN's own
  OpHarness h;
  const Tensor x = h.tensor(1, 1, 34, 34, 1, Vector(34 * 34));
  BOOST_CHECK_THROW(max_pool_forward(h.schedule, "pool", {17}, x), std::exception);
  BOOST_CHECK_NO_THROW(max_pool_forward(h.schedule, "pool", {16}, x));
}

BOOST_DATA_TEST_CASE(global_average_pooling_agrees_with_the_reference,
                     data::make({3, 5, 16, 19, 32}) * data::make({1, 3, 7, 13}), c, size) {
  const int n = 3;
  const auto planes = std::size_t(n * c), pixels = std::size_t(size * (size + 1));
  const Vector x = exact_floats(planes * pixels, 1), dy = exact_floats(planes, 2);
  const Vector want_y = reference::global_avg_pool_forward(x, planes);
  const Vector want_dx = reference::global_avg_pool_backward(dy, pixels);
  for (const int block : {1, 4, 8, 16}) {
    Vector by_one_thread;
    for (const int threads : {1, 2}) {
      OpHarness h(threads);
      const Tensor xt = h.tensor(n, c, size, size + 1, block, x);
      const Tensor y = global_avg_pool_forward(h.schedule, "pool", xt);
      const Tensor dyt = h.tensor(n, c, 1, 1, block, dy);
      const Tensor dx = global_avg_pool_backward(h.schedule, "pool", xt, dyt);
      h.run();
      run_again_over_nans(h, {y, dx});
      const std::string what = "block " + std::to_string(block);
      // The sum's error divided like the sum, then the quotient's rounding; dx is one quotient.
      const double y_error = sum_tolerance(pixels) / static_cast<double>(pixels) + 0x1p-24;
      check_close(h.read(y), want_y, y_error, 0, what + ": y");
      check_close(h.read(dx), want_dx, 0, 0x1p-24, what + ": dx");
      check_padding(h, y, what + ": y");
      check_padding(h, dx, what + ": dx");
      if (threads == 1) by_one_thread = h.read(y);
      BOOST_TEST((h.read(y) == by_one_thread), what << ": bits depend on the number of threads");
    }
  }
}
