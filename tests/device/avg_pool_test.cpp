#include "device/ops/avg_pool.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "common/compare.hpp"
#include "device/op_harness.hpp"
#include "reference/avg_pool.hpp"

namespace data = boost::unit_test::data;
using namespace mapnet;
using namespace mapnet::test;

namespace {

struct Case {
  int n, c, h, w, block, threads;
};
std::ostream& operator<<(std::ostream& out, const Case& k) {
  return out << k.n << "x" << k.c << "x" << k.h << "x" << k.w << ", block " << k.block << ", "
             << k.threads << " threads";
}
// ResNet's last planes, then one pixel, planes that fill no vector or several, channels that fill
// no block.
const Case kCases[] = {{3, 64, 4, 4, 16, 2},  {2, 19, 7, 7, 16, 1}, {2, 5, 3, 5, 8, 2},
                       {1, 3, 1, 1, 1, 1},    {2, 3, 1, 1, 16, 2},  {3, 5, 9, 11, 1, 2},
                       {1, 16, 33, 31, 8, 1}, {2, 2, 40, 37, 1, 2}, {2, 6, 5, 5, 4, 2}};

}  // namespace

BOOST_DATA_TEST_CASE(global_avg_pool_agrees_with_the_reference, data::make(kCases), k) {
  const reference::GlobalAvgPool shape = {std::size_t(k.n * k.c), std::size_t(k.h * k.w)};
  const Vector x = exact_floats(shape.planes * shape.area, 1), dy = exact_floats(shape.planes, 2);
  OpHarness h(k.threads);
  const Tensor xt = h.tensor(k.n, k.c, k.h, k.w, k.block, x);
  const Tensor y = global_avg_pool_forward(h.schedule, "pool", xt);
  const Tensor dyt = h.tensor(k.n, k.c, 1, 1, k.block, dy);
  const Tensor dx = global_avg_pool_backward(h.schedule, "pool", xt, dyt);
  h.run();

  // A sum's error, divided as the sum is; the quotient's own rounding is 2^-24 of at most 1.
  const double mean_tolerance = sum_tolerance(shape.area) / double(shape.area) + 0x1p-24;
  check_close(h.read(y), reference::global_avg_pool_forward(x, shape), mean_tolerance, 0, "y");
  check_close(h.read(dx), reference::global_avg_pool_backward(dy, shape), 0, 0x1p-23, "dx");
  // What pads the channels stays zero.
  for (const Tensor& t : {y, dx}) {
    const auto values = h.read_all<float>(t.buffer, t.padded_size());
    double sum = 0, real = 0;
    for (const float v : values) sum += std::abs(double(v));
    for (const double v : h.read(t)) real += std::abs(v);
    BOOST_TEST(sum == real, boost::test_tools::tolerance(1e-12));
  }
}

BOOST_AUTO_TEST_CASE(global_avg_pool_reads_a_part_of_a_batch) {
  const reference::GlobalAvgPool shape = {4 * 16, 9};
  const Vector x = exact_floats(shape.planes * shape.area, 3);
  OpHarness h;
  const Tensor xt = h.tensor(4, 16, 3, 3, 16, x);
  const Tensor y = global_avg_pool_forward(h.schedule, "pool", xt.images(1, 2));
  h.run();
  const Vector all = reference::global_avg_pool_forward(x, shape);
  check_close(h.read(y), Vector(all.begin() + 16, all.begin() + 48), sum_tolerance(9) / 9 + 0x1p-24,
              0, "y");
}
