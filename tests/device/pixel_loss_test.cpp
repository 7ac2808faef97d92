#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <limits>

#include "common/compare.hpp"
#include "device/op_harness.hpp"
#include "device/ops/pixel_cross_entropy.hpp"
#include "device/ops/step_control.hpp"
#include "reference/pixel_cross_entropy.hpp"

/// The loss of segmentation against the double-precision reference.
namespace data = boost::unit_test::data;
using namespace mapnet;
using namespace mapnet::test;

namespace {

struct PixelLossCase {
  int n, count, classes, h, w, block, ignore;
  double spread = 3;
  std::size_t pixels() const { return std::size_t(n) * std::size_t(h * w); }
};
std::ostream& operator<<(std::ostream& out, const PixelLossCase& k) {
  return out << k.n << " (" << k.count << ") x " << k.classes << " x " << k.h << "x" << k.w
             << ", block " << k.block << ", ignore " << k.ignore << ", spread " << k.spread;
}

// Whole tiles and odd ones, one pixel, padding, classes that fill no block, more cells of a
// confusion matrix than a GPU's block keeps for itself, every pixel ignored, large logits.
const PixelLossCase kPixelLossCases[] = {
    {2, 2, 19, 16, 16, 16, 255},  {3, 2, 19, 9, 7, 1, -1},     {2, 1, 5, 31, 33, 8, 0},
    {1, 1, 2, 1, 1, 1, -1},       {2, 2, 50, 8, 9, 16, 3},     {2, 2, 3, 5, 5, 1, 3},
    {4, 3, 7, 64, 65, 8, 1, 1e4}, {2, 2, 1, 6, 6, 1, -1, 1.0}, {1, 1, 256, 3, 4, 16, -1},
};

std::vector<std::uint8_t> labels_of(const PixelLossCase& k) {
  std::vector<std::uint8_t> labels;
  const bool all_ignored = k.ignore == k.classes;
  for (std::size_t i = 0; i < k.pixels(); ++i) {
    const auto drawn = static_cast<int>(i * 2654435761u >> 7) % (k.classes + 2);
    labels.push_back(static_cast<std::uint8_t>(all_ignored         ? k.ignore
                                               : drawn < k.classes ? drawn
                                               : k.ignore >= 0     ? k.ignore
                                               : k.classes < 256   ? k.classes  // no class
                                                                   : 0));
  }
  return labels;
}

struct Found {
  StepControl sums;
  Vector dlogits;
  std::vector<std::uint64_t> confusion;
  std::size_t in_memory = 0;  // values of dlogits that are not zero, padded channels too
};

Found run(const PixelLossCase& k, const Vector& logits, const std::vector<std::uint8_t>& labels,
          int n_threads, bool gradient = true) {
  OpHarness h(n_threads);
  StepControl start;
  start.now.count = k.count;
  start.loss_sum = 2, start.correct = 3, start.seen = 4, start.scored = 5;  // added to
  const BufferId control = h.object(start), given = h.array(labels);
  const std::vector<std::uint64_t> ones(std::size_t(k.classes * k.classes), 1);
  const BufferId confusion = h.array(ones);
  const Tensor x = h.tensor(k.n, k.classes, k.h, k.w, k.block, logits);
  Tensor dx = x;
  dx.buffer = gradient ? h.output(x.padded_size()) : kNoBuffer;
  pixel_cross_entropy(h.schedule, "loss", {k.ignore}, x, given, control, dx, confusion);
  h.run();
  Found found;
  found.sums = h.read_all<StepControl>(control, 1)[0];
  found.confusion = h.read_all<std::uint64_t>(confusion, ones.size());
  for (std::uint64_t& cell : found.confusion) --cell;
  if (!gradient) return found;
  found.dlogits = h.read(dx);
  for (const float v : h.read_all<float>(dx.buffer, dx.padded_size())) found.in_memory += v != 0;
  return found;
}

}  // namespace

BOOST_DATA_TEST_CASE(pixel_cross_entropy_agrees_with_the_reference, data::make(kPixelLossCases),
                     k) {
  const Vector logits = exact_floats(k.pixels() * std::size_t(k.classes), 7, -k.spread, k.spread);
  const auto labels = labels_of(k);
  const auto want =
      reference::pixel_cross_entropy(logits, labels, std::size_t(k.classes), std::size_t(k.h * k.w),
                                     std::size_t(k.count), k.ignore);
  const auto scored = static_cast<double>(std::max<std::size_t>(want.scored, 1));
  for (const bool gradient : {true, false}) {
    const Found found = run(k, logits, labels, 2, gradient);
    // exp and log err by 2e-7 of their value, a sum of exponentials by 2^-24 a term; a logit's
    // rounding moves the loss by as much again.
    const double rounding = 1e-6 + 0x1p-24 * k.classes;
    check_close(Vector{(found.sums.loss_sum - 2) / scored}, Vector{want.loss / scored},
                2e-7 * k.spread + rounding, 1e-6, "loss");
    BOOST_TEST(found.sums.correct - 3 == static_cast<std::int64_t>(want.correct));
    BOOST_TEST(found.sums.seen - 4 == k.count);
    BOOST_TEST(found.sums.scored - 5 == static_cast<std::int64_t>(want.scored));
    BOOST_TEST((found.confusion == want.confusion));
    if (!gradient) continue;
    check_close(found.dlogits, want.dlogits, rounding / scored, 1e-6, "dlogits");
    std::size_t not_zero = 0;
    for (const double v : found.dlogits) not_zero += v != 0;
    BOOST_TEST(found.in_memory == not_zero);  // padded channels are zero
  }
}

BOOST_DATA_TEST_CASE(pixel_cross_entropy_has_the_same_bits_with_any_number_of_threads,
                     data::make(kPixelLossCases), k) {
  if (testing_cuda()) return;  // which knows no threads of a CPU
  const Vector logits = exact_floats(k.pixels() * std::size_t(k.classes), 8, -k.spread, k.spread);
  const Found one = run(k, logits, labels_of(k), 1), three = run(k, logits, labels_of(k), 3);
  BOOST_TEST(one.sums.loss_sum == three.sums.loss_sum);
  BOOST_TEST((one.dlogits == three.dlogits));
  BOOST_TEST((one.confusion == three.confusion));
}

BOOST_AUTO_TEST_CASE(logits_that_are_no_numbers_show_in_the_loss_and_nowhere_else) {
  const double nan = std::numeric_limits<double>::quiet_NaN(),
               infinite = std::numeric_limits<double>::infinity();
  for (const int block : {1, 8}) {
    const PixelLossCase k = {2, 2, 6, 3, 5, block, -1};
    const Vector numbers = exact_floats(k.pixels() * 6, 9);
    const auto labels = labels_of(k);
    BOOST_REQUIRE(labels[4] == 5);
    const Found clean = run(k, numbers, labels, 2);
    for (const double bad : {nan, infinite, -infinite})
      for (const int where : {0, 3, 5, -1}) {  // one class, its label, or all
        Vector logits = numbers;
        for (int c = 0; c < 6; ++c)
          if (where < 0 || c == where) logits[std::size_t(c) * 15 + 4] = bad;
        const Found found = run(k, logits, labels, 2);
        const bool finite = bad == -infinite && where >= 0 && labels[4] != where;
        BOOST_TEST(std::isfinite(found.sums.loss_sum) == finite);
        BOOST_TEST(found.sums.scored == clean.sums.scored);
        // The pixel is in the row of its label, whatever it is taken for; all others are where they
        // were.
        std::uint64_t all = 0, moved = 0;
        for (std::size_t cell = 0; cell < found.confusion.size(); ++cell) {
          const std::uint64_t now = found.confusion[cell], before = clean.confusion[cell];
          all += now;
          if (cell / 6 == labels[4])
            moved += now > before ? now - before : before - now;
          else
            BOOST_TEST(now == before);
        }
        BOOST_TEST(static_cast<std::int64_t>(all) == found.sums.scored - 5);
        BOOST_TEST(moved <= 2u);  // from one cell to another
        Vector of_others, want;   // the gradients of pixels that are numbers
        for (std::size_t i = 0; i < logits.size(); ++i)
          if (i / 90 > 0 || i % 15 != 4)
            of_others.push_back(found.dlogits[i]), want.push_back(clean.dlogits[i]);
        check_close(of_others, want, 0, 0, "gradients of the other pixels");
      }
  }
}

BOOST_AUTO_TEST_CASE(a_gradient_laid_out_otherwise_and_too_many_classes_are_refused) {
  OpHarness h;
  const BufferId control = h.object(StepControl()), labels = h.array(std::vector<std::uint8_t>(4));
  const Tensor x = h.tensor(1, 8, 2, 2, 1, Vector(32)), wide = h.tensor(1, 8, 1, 4, 1, Vector(32)),
               many = h.tensor(1, 257, 2, 2, 1, Vector(257 * 4));
  BOOST_CHECK_THROW(
      pixel_cross_entropy(h.schedule, "loss", {}, x, labels, control, wide, kNoBuffer),
      std::exception);
  BOOST_CHECK_THROW(
      pixel_cross_entropy(h.schedule, "loss", {}, many, labels, control, {}, kNoBuffer),
      std::exception);
}
