#include "device/cpu/onednn.hpp"

#include <omp.h>

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <string_view>

#include "device/cpu/conv2d_steps.hpp"
#include "device/device.hpp"
#include "device/program.hpp"
#include "device/windows.hpp"

/// oneDNN has a kernel of its own for every pass of the networks' layers, in the layout it likes:
/// no plain loops; and it takes no more threads than asked for.
namespace data = boost::unit_test::data;
using namespace mapnet;
using namespace mapnet::cpu;

namespace {

struct Layer {
  int channels, size, out, kernel, padding, stride = 1;
};
std::ostream& operator<<(std::ostream& out, const Layer& l) {
  return out << l.channels << "x" << l.size << " -> " << l.out << ", kernel " << l.kernel
             << ", padding " << l.padding << ", stride " << l.stride;
}
// First layers, which read plain images; then a ResNet's, a U-Net's, and its transposed
// convolutions as the convolutions that they are the adjoints of.
const Layer kFirst[] = {{1, 28, 32, 3, 1}, {3, 32, 64, 3, 1}, {3, 224, 64, 7, 3, 2}};
const Layer kInner[] = {{64, 56, 64, 1, 0},      {64, 56, 64, 3, 1},      {64, 56, 256, 1, 0},
                        {128, 56, 128, 3, 1, 2}, {256, 56, 512, 1, 0, 2}, {512, 7, 2048, 1, 0},
                        {64, 9, 128, 3, 1, 2},   {192, 28, 64, 3, 1},     {32, 28, 3, 1, 0},
                        {64, 28, 128, 2, 0, 2}};

Conv2dSteps convolution(Schedule& schedule, const Layer& l, int block, bool bias, int y_block = 0) {
  const Conv2dDesc desc = {l.out, l.kernel, l.padding, false, l.stride};
  const Tensor x{.n = 8, .c = l.channels, .h = l.size, .w = l.size, .channel_block = block};
  return {schedule, "conv", desc, x, bias, y_block};
}

/// "jit:avx512_core", "jit_1x1:avx2", from 3.x on also "brgconv:avx512_core".
bool is_compiled(std::string_view kernel) {
  return kernel.starts_with("jit") || kernel.starts_with("brg");
}

/// Channels that convolutions want innermost on this CPU.
int usual_block(Schedule& schedule) {
  return convolution(schedule, {3, 32, 64, 3, 1}, 1, false).y().channel_block;
}

/// What oneDNN has for older CPUs has no backward passes.
bool has_avx2() { return dnnl::get_effective_cpu_isa() >= dnnl::cpu_isa::avx2; }

}  // namespace

BOOST_DATA_TEST_CASE(first_layers_are_no_plain_loops, data::make(kFirst), layer) {
  if (!has_avx2()) return;
  Schedule schedule(open_cpu(2));
  for (const bool bias : {true, false}) {
    const auto [forward, data, weights] = convolution(schedule, layer, 1, bias).kernels();
    BOOST_TEST(is_compiled(forward), forward);
    // Where the image has one channel, a product behind a copy of it is as good.
    BOOST_TEST((is_compiled(weights) || weights.find("gemm") != weights.npos), weights);
  }
}

BOOST_DATA_TEST_CASE(inner_layers_have_compiled_kernels, data::make(kInner), layer) {
  if (!has_avx2()) return;
  Schedule schedule(open_cpu(2));
  const int block = usual_block(schedule);
  BOOST_TEST_REQUIRE(block > 1);
  for (const bool bias : {true, false})
    for (const int y_block : {0, block}) {
      const Conv2dSteps steps = convolution(schedule, layer, block, bias, y_block);
      BOOST_TEST(steps.y().channel_block == block);
      for (const std::string_view kernel : steps.kernels()) BOOST_TEST(is_compiled(kernel), kernel);
    }
}

// A run of fewer threads than the machine has leaves the rest to others: two beside each other
// would else wait for one another.
BOOST_AUTO_TEST_CASE(no_more_threads_are_taken_than_asked_for) {
  for (const int n_threads : {1, 2, 3}) {
    Schedule s(open_cpu(n_threads));
    BOOST_TEST(omp_get_max_threads() == n_threads);  // when primitives are planned
    int seen = 0;
    Step look;
    look.name = "look";
    look.bind = [&](const Memory&) { return Run([&] { seen = omp_get_max_threads(); }); };
    s.add(look);
    const Program program(s, plan_arena(s.lifetimes()));
    omp_set_num_threads(7);
    program.run(Phase::setup);
    BOOST_TEST(seen == n_threads);  // when they run
  }
}

BOOST_AUTO_TEST_CASE(poolings_have_compiled_kernels) {
  if (!has_avx2()) return;
  Schedule schedule(open_cpu(2));
  const int block = usual_block(schedule);
  for (const Spacing& spacing : {Spacing{2, 0}, Spacing{2, 1}}) {
    const int kernel = 2 + spacing.padding;
    Tensor x{.n = 8, .c = 64, .h = 28, .w = 28, .channel_block = block}, y = x;
    y.h = y.w = windows_along(x.h, kernel, spacing.stride, spacing.padding);
    const auto forward = max_pool_forward_pd(tensor_desc(x), tensor_desc(y), kernel, spacing);
    const auto backward =
        max_pool_backward_pd(tensor_desc(x), tensor_desc(y), kernel, spacing, forward);
    BOOST_TEST(is_compiled(forward.impl_info_str()));
    BOOST_TEST(is_compiled(backward.impl_info_str()));
  }
}
