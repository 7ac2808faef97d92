#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "common/compare.hpp"
#include "device/op_harness.hpp"
#include "device/ops/conv_transpose2d.hpp"
#include "device/spoiled.hpp"
#include "reference/conv_transpose2d.hpp"

/// Transposed convolutions against the double-precision reference, forward and backward.
namespace data = boost::unit_test::data;
using namespace mapnet;
using namespace mapnet::test;

namespace {

struct ConvTransposeCase {
  int n, c, h, w, out, kernel, block;
  bool bias = true;
};
std::ostream& operator<<(std::ostream& out, const ConvTransposeCase& k) {
  return out << k.n << "x" << k.c << "x" << k.h << "x" << k.w << " -> " << k.out << ", kernel "
             << k.kernel << ", block " << k.block << (k.bias ? "" : ", no bias");
}
// A U-Net's, then channels that fill no block, odd sizes, one pixel, other kernels; 35 images are
// more than the parts a bias's gradient is summed in.
const ConvTransposeCase kConvTransposeCases[] = {
    {2, 128, 7, 7, 64, 2, 16},       {2, 64, 8, 8, 32, 2, 16}, {3, 16, 5, 7, 19, 2, 16},
    {2, 19, 3, 5, 32, 2, 16, false}, {2, 32, 5, 3, 5, 2, 8},   {1, 5, 4, 3, 16, 3, 8, false},
    {2, 3, 5, 5, 3, 2, 1},           {35, 5, 2, 3, 3, 2, 1},   {1, 16, 1, 1, 3, 4, 16, false},
    {2, 3, 4, 3, 5, 1, 16}};

}  // namespace

BOOST_DATA_TEST_CASE(conv_transpose2d_agrees_with_the_reference, data::make(kConvTransposeCases),
                     k) {
  const auto count = [](int v) { return static_cast<std::size_t>(v); };
  const reference::ConvTranspose2d shape = {count(k.n),   count(k.c),      count(k.h), count(k.w),
                                            count(k.out), count(k.kernel), k.bias};
  const Vector x = exact_floats(shape.x_size(), 1), w = exact_floats(shape.weight_size(), 2),
               b = exact_floats(shape.bias_size(), 3), dy = exact_floats(shape.y_size(), 4);
  const ConvTranspose2dDesc desc = {k.out, k.kernel};
  const Vector want_y = reference::conv_transpose2d_forward(x, w, b, shape);
  const auto want = reference::conv_transpose2d_backward(dy, x, w, shape);

  Vector by_one_thread;
  for (const int threads : {1, 2}) {
    OpHarness h(threads);
    const Tensor xt = h.tensor(k.n, k.c, k.h, k.w, k.block, x);
    // Parameters at an odd offset of a flat buffer, as in theta.
    Vector theta(3, 0.0);
    theta.insert(theta.end(), w.begin(), w.end());
    theta.insert(theta.end(), b.begin(), b.end());
    const BufferId params = h.input(theta), dparams = h.output(theta.size());
    const std::size_t bias_at = 3 + w.size();
    const auto bias_in = [&](BufferId id) {
      return k.bias ? ParamSlice{id, bias_at} : ParamSlice{};
    };
    const Tensor y =
        conv_transpose2d_forward(h.schedule, "up", desc, xt, {params, 3}, bias_in(params));
    BOOST_TEST(y.channel_block == xt.channel_block);
    const Tensor dyt = h.tensor(k.n, k.out, y.h, y.w, y.channel_block, dy);
    const Tensor dx = conv_transpose2d_backward(h.schedule, "up", desc, xt, dyt, {params, 3},
                                                {dparams, 3}, bias_in(dparams), true);
    h.run();
    run_again_over_nans(h, {y, dx});

    const std::size_t patch = shape.k * shape.k, pixels = shape.n * shape.h * shape.w;
    const double y_error = sum_tolerance(shape.c), dx_error = sum_tolerance(shape.o * patch);
    check_close(h.read(y), want_y, y_error, 0, "y");
    check_close(h.read(dx), want.dx, dx_error, 0, "dx");
    check_close(h.read(dparams, w.size(), 3), want.dweight, sum_tolerance(pixels), 0, "dweight");
    const Vector dbias = h.read(dparams, b.size(), bias_at);
    check_close(dbias, want.dbias, sum_tolerance(pixels * patch), 0, "dbias");
    if (threads == 1) by_one_thread = dbias;
    BOOST_TEST((dbias == by_one_thread), "dbias: bits depend on the number of threads");
    check_padding(h, y, "y");
    check_padding(h, dx, "dx");
    // The backward pass is the adjoint of the forward pass, to what both may be off.
    if (!k.bias)
      BOOST_TEST(std::abs(reference::dot(h.read(y), dy) - reference::dot(x, h.read(dx))) <=
                 y_error * double(dy.size()) + dx_error * double(x.size()));
  }
}

BOOST_AUTO_TEST_CASE(a_first_layers_transposed_convolution_makes_no_dx) {
  OpHarness h;
  const Tensor x = h.tensor(1, 3, 2, 2, 1, Vector(12)), dy = h.tensor(1, 2, 4, 4, 1, Vector(32));
  const BufferId weight = h.input(Vector(24)), dweight = h.output(24);
  const Tensor dx =
      conv_transpose2d_backward(h.schedule, "up", {2}, x, dy, {weight, 0}, {dweight, 0}, {}, false);
  BOOST_TEST(dx.buffer == kNoBuffer);
}

BOOST_AUTO_TEST_CASE(transposed_convolutions_that_do_not_exist_are_refused) {
  OpHarness h;
  const Tensor x = h.tensor(1, 1, 4, 4, 1, Vector(16));
  const BufferId params = h.input(Vector(100));
  for (const ConvTranspose2dDesc& desc : {ConvTranspose2dDesc{0, 2}, ConvTranspose2dDesc{1, 0}})
    BOOST_CHECK_THROW(conv_transpose2d_forward(h.schedule, "up", desc, x, {params, 0}, {}),
                      std::exception);
}
