#include "device/cpu/onednn.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <string_view>

#include "device/windows.hpp"

/// oneDNN has a kernel of its own (not plain loops, nor a product behind a copy of the image) for
/// every pass of the networks' layers, in the layout it likes. Nothing is run.
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

/// "jit:avx512_core", "jit_1x1:avx2", from 3.x on also "brgconv:avx512_core"; not "gemm:jit".
bool is_compiled(std::string_view implementation) {
  return implementation.starts_with("jit") || implementation.starts_with("brg");
}

/// Channels that convolutions want innermost on this CPU.
int usual_block() {
  const dnnl::memory::desc x = any_desc({1, 64, 8, 8}), weight = any_desc({64, 64, 3, 3});
  const auto pd = conv_forward_pd(x, weight, {}, x, {1, 1}, false);
  return channel_block_of(pd.dst_desc(), {.n = 1, .c = 64, .h = 8, .w = 8});
}

struct Passes {
  dnnl::convolution_forward::primitive_desc forward;
  dnnl::convolution_backward_data::primitive_desc data;
  dnnl::convolution_backward_weights::primitive_desc weights;

  Passes(const Layer& l, int block, bool bias) {
    const int out = windows_along(l.size, l.kernel, l.stride, l.padding);
    const dnnl::memory::desc x =
        tensor_desc({.n = 8, .c = l.channels, .h = l.size, .w = l.size, .channel_block = block});
    const dnnl::memory::desc weight = any_desc({l.out, l.channels, l.kernel, l.kernel});
    const dnnl::memory::desc b = bias ? plain_desc({l.out}) : dnnl::memory::desc();
    const Spacing spacing = {l.stride, l.padding};
    forward = conv_forward_pd(x, weight, b, any_desc({8, l.out, out, out}), spacing, false);
    const dnnl::memory::desc y = forward.dst_desc();
    data = conv_backward_data_pd(x, weight, y, spacing, forward);
    weights = conv_backward_weights_pd(x, weight, b, y, spacing, forward);
  }
};

}  // namespace

BOOST_DATA_TEST_CASE(first_layers_have_compiled_kernels, data::make(kFirst), layer) {
  for (const bool bias : {true, false}) {
    const Passes passes(layer, 1, bias);
    BOOST_TEST(is_compiled(passes.forward.impl_info_str()));
    BOOST_TEST(is_compiled(passes.weights.impl_info_str()));
  }
}

BOOST_DATA_TEST_CASE(inner_layers_have_compiled_kernels, data::make(kInner), layer) {
  const int block = usual_block();
  BOOST_TEST_REQUIRE(block > 1);
  for (const bool bias : {true, false}) {
    const Passes passes(layer, block, bias);
    BOOST_TEST(is_compiled(passes.forward.impl_info_str()));
    BOOST_TEST(is_compiled(passes.data.impl_info_str()));
    BOOST_TEST(is_compiled(passes.weights.impl_info_str()));
  }
}

BOOST_AUTO_TEST_CASE(poolings_have_compiled_kernels) {
  const int block = usual_block();
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
