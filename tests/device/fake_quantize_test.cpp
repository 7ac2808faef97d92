#include "device/ops/fake_quantize.hpp"

#include <boost/test/unit_test.hpp>

#include "common/compare.hpp"
#include "device/op_harness.hpp"
#include "device/ops/step_control.hpp"
#include "reference/int8.hpp"

using namespace mapnet;
using namespace mapnet::test;

namespace {

struct Quantized {
  double range;
  Vector values;
};

/// A control block that tells of so many images.
BufferId images_seen(OpHarness& h, int count) {
  StepControl control;
  control.now.count = count;
  return h.object(control);
}

Quantized observe_and_quantize(const Vector& x, int c, int size, int block) {
  OpHarness h;
  const int n = static_cast<int>(x.size()) / (c * size * size);
  const Tensor t = h.tensor(n, c, size, size, block, x);
  const BufferId ranges = h.input({7, 0, 0.125});  // the others' are left alone
  observe_range(h.schedule, "observe", t, ranges, 1, images_seen(h, n));
  fake_quantize(h.schedule, "quantize", t, ranges, 1);
  h.run();
  const Vector after = h.read(ranges, 3);
  BOOST_TEST(after[0] == 7.0);
  BOOST_TEST(after[2] == 0.125);
  return {after[1], h.read(t)};
}

}  // namespace

BOOST_AUTO_TEST_CASE(values_are_rounded_to_255_steps_of_the_range_seen) {
  for (const double spread : {1.0, 300.0, 1e-6})
    for (const int block : {1, 16}) {
      const Vector x = exact_floats(4 * 20 * 17 * 17, 1, -spread, 0.9 * spread);
      const Quantized got = observe_and_quantize(x, 20, 17, block);
      BOOST_TEST(got.range == reference::largest_magnitude(x));
      std::size_t off_by_a_step = 0;
      for (std::size_t i = 0; i < x.size(); ++i) {
        const double want = reference::int8_rounded(x[i], got.range);
        const double step = got.range / 127, difference = std::abs(got.values[i] - want);
        // Three float32 roundings; where they move x across the middle of two steps, a step.
        if (difference > 127 * step * 3 * 0x1p-24) {
          ++off_by_a_step;
          BOOST_REQUIRE(difference < 1.001 * step);
          const double place = std::abs(x[i]) / step;
          BOOST_REQUIRE(std::abs(place - std::floor(place) - 0.5) < 127 * 3 * 0x1p-24);
        }
      }
      BOOST_TEST(off_by_a_step <= 10u);  // of 23,120, each with a chance of 5e-5 or less
    }
}

BOOST_AUTO_TEST_CASE(zeros_stay_zero_and_a_range_only_grows) {
  const Quantized zeros = observe_and_quantize(Vector(50, 0.0), 1, 5, 1);
  BOOST_TEST(zeros.range == 0.0);
  check_close(zeros.values, Vector(50, 0.0), 0, 0, "zeros");

  OpHarness h;
  const Tensor x = h.tensor(1, 3, 1, 1, 1, {-2, 0.5, 1});
  const BufferId ranges = h.input({8, 1});
  observe_range(h.schedule, "larger", x, ranges, 0, images_seen(h, 1));
  fake_quantize(h.schedule, "beyond", x, ranges, 1);  // -2 is outside: as far as int8 goes
  h.run();
  BOOST_TEST(h.read(ranges, 1)[0] == 8.0);
  const Vector want = {-1, reference::int8_rounded(0.5, 1), 1};
  check_close(h.read(x), want, 0x1p-24, 0, "clamped");
}

// Of a batch the first images are samples. Four of these are several tasks' work.
BOOST_AUTO_TEST_CASE(padding_images_are_not_seen) {
  for (const int block : {1, 16})
    for (const int count : {0, 1, 3, 4, 9}) {
      const int n = 4, c = 20, size = 17;
      const std::size_t image = 20 * 17 * 17;
      Vector x = exact_floats(4 * image, 2);
      for (std::size_t i = 0; i < 4; ++i) x[i * image + 5 * i] = -2.0 - static_cast<double>(i);
      OpHarness h;
      const Tensor t = h.tensor(n, c, size, size, block, x);
      const BufferId ranges = h.input({0.125});
      observe_range(h.schedule, "observe", t, ranges, 0, images_seen(h, count));
      h.run();
      BOOST_TEST(h.read(ranges, 1)[0] == (count == 0 ? 0.125 : 1.0 + std::min(count, n)),
                 count << " images, blocks of " << block);
    }
}
