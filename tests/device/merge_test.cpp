#include "reference/merge.hpp"

#include <boost/test/unit_test.hpp>

#include "common/compare.hpp"
#include "device/op_harness.hpp"
#include "device/ops/add.hpp"
#include "device/ops/concat.hpp"
#include "reference/relu.hpp"

/// Where two branches of a network meet: their sum, or one behind the other.
using namespace mapnet;
using namespace mapnet::test;

BOOST_AUTO_TEST_CASE(a_sum_with_and_without_relu_is_the_rounded_one) {
  for (const bool relu : {false, true})
    for (const int block : {1, 8, 16})
      for (const int size : {1, 3, 50, 64}) {
        const int n = 2, c = 20;
        const Vector a = exact_floats(std::size_t(n * c * size * size), 1),
                     b = exact_floats(a.size(), 2);
        OpHarness h;
        const Tensor at = h.tensor(n, c, size, size, block, a),
                     bt = h.tensor(n, c, size, size, block, b);
        const Tensor y = add_forward(h.schedule, "add", at, bt, relu);
        h.run();
        Vector want = reference::add(a, b);
        if (relu) want = reference::relu_forward(want);
        for (double& v : want) v = static_cast<double>(static_cast<float>(v));
        check_close(h.read(y), want, 0, 0, "y");
      }
}

BOOST_AUTO_TEST_CASE(tensors_of_different_shape_or_layout_are_not_added) {
  OpHarness h;
  const Tensor a = h.tensor(1, 8, 2, 2, 1, Vector(32)), wide = h.tensor(1, 8, 1, 4, 1, Vector(32));
  Tensor blocked = a;
  blocked.channel_block = 8;
  BOOST_CHECK_THROW(add_forward(h.schedule, "add", a, wide, false), std::exception);
  BOOST_CHECK_THROW(add_forward(h.schedule, "add", a, blocked, false), std::exception);
}

namespace {

struct ConcatCase {
  int n, h, w, block;
  std::vector<int> channels;
};

// Whole fours and odd planes, more than a task copies, a last part that fills no block, one part.
const ConcatCase kConcats[] = {
    {2, 4, 4, 1, {3, 5}},    {3, 5, 3, 1, {1, 2, 4}}, {2, 3, 3, 16, {16, 32, 7}},
    {1, 1, 1, 8, {8, 3}},    {2, 70, 61, 8, {16, 8}}, {2, 2, 2, 16, {20}},
    {5, 60, 60, 1, {11, 4}},
};

}  // namespace

BOOST_AUTO_TEST_CASE(parts_come_together_and_apart_as_the_reference_says) {
  for (const ConcatCase& k : kConcats) {
    const std::size_t area = std::size_t(k.h) * std::size_t(k.w), n = std::size_t(k.n);
    OpHarness h;
    std::vector<Vector> values;
    std::vector<Tensor> parts;
    std::vector<std::size_t> features;
    std::vector<bool> needed;
    int c = 0;
    for (const int channels : k.channels) {
      features.push_back(std::size_t(channels) * area);
      values.push_back(exact_floats(n * features.back(), features.size()));
      parts.push_back(h.tensor(k.n, channels, k.h, k.w, k.block, values.back()));
      needed.push_back(needed.size() != 1);  // all but the second
      c += channels;
    }
    const Vector dy = exact_floats(n * std::size_t(c) * area, 20);
    const Tensor dyt = h.tensor(k.n, c, k.h, k.w, k.block, dy);
    const Tensor y = concat_forward(h.schedule, "concat", parts);
    const std::vector<Tensor> dx = concat_backward(h.schedule, "concat", dyt, parts, needed);
    h.run();

    BOOST_TEST(y.c == c);
    check_close(h.read(y), reference::concat(values, features, n), 0, 0, "y");
    const auto want = reference::split(dy, features, n);
    BOOST_REQUIRE(dx.size() == parts.size());
    for (std::size_t i = 0; i < dx.size(); ++i) {
      BOOST_TEST((dx[i].buffer != kNoBuffer) == needed[i]);
      if (needed[i]) check_close(h.read(dx[i]), want[i], 0, 0, "dx");
    }
    // Channels that pad the last block stay zero: the next layer reads them.
    const auto memory = h.read_all<float>(y.buffer, y.padded_size());
    BOOST_TEST(std::count(memory.begin(), memory.end(), 0.0f) ==
               std::ptrdiff_t(y.padded_size() - dy.size()));
  }
}

BOOST_AUTO_TEST_CASE(parts_that_do_not_fit_are_not_concatenated) {
  OpHarness h;
  const Tensor a = h.tensor(1, 8, 2, 2, 1, Vector(32)), wide = h.tensor(1, 8, 1, 4, 1, Vector(32));
  BOOST_CHECK_THROW(concat_forward(h.schedule, "concat", {a, wide}), std::exception);
  BOOST_CHECK_THROW(concat_forward(h.schedule, "concat", {}), std::exception);
  BOOST_CHECK_THROW(concat_backward(h.schedule, "concat", a, {a, a}, {true, true}), std::exception);
  if (testing_cuda()) return;  // there is no other layout
  const Tensor odd = h.tensor(1, 5, 2, 2, 8, Vector(20)),
               even = h.tensor(1, 8, 2, 2, 8, Vector(32));
  BOOST_CHECK_THROW(concat_forward(h.schedule, "concat", {odd, even}), std::exception);
  BOOST_CHECK_NO_THROW(concat_forward(h.schedule, "concat", {even, odd}));
}
