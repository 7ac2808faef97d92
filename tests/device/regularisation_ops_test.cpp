#include <boost/test/unit_test.hpp>
#include <set>

#include "common/compare.hpp"
#include "device/op_harness.hpp"
#include "device/ops/adam.hpp"
#include "device/ops/add_scaled.hpp"
#include "device/ops/cross_entropy.hpp"
#include "device/ops/ema.hpp"
#include "device/ops/gather.hpp"
#include "device/ops/step_control.hpp"
#include "reference/adam.hpp"
#include "reference/augment.hpp"
#include "reference/cross_entropy.hpp"
#include "reference/regularisation.hpp"

/// The ops behind augmentation, label smoothing, weight decay and averaging.
using namespace mapnet;
using namespace mapnet::test;

namespace {

constexpr int kBatch = 60, kPlanes = 2, kHeight = 6, kWidth = 5;
constexpr std::size_t kPlane = kHeight * kWidth, kSize = kPlanes * kPlane;
using Images = std::array<std::uint8_t, kBatch * kSize>;
constexpr std::array<float, kPlanes> kScale = {0.013f, 0.5f}, kShift = {-0.7f, 3.25f};

Images some_images() {
  Images images{};
  for (std::size_t i = 0; i < images.size(); ++i)
    images[i] = static_cast<std::uint8_t>(1 + i * 37 % 255);  // nowhere empty
  return images;
}

/// x of a batch of which one row is padding, gathered in reverse order.
Vector gather(const Images& images, const AugmentDesc& augment, std::int64_t step, int n_threads) {
  OpHarness h(n_threads);
  StepControl control;
  control.now.step = step;
  control.now.count = kBatch - 1;
  std::ranges::copy(kScale, control.pixel_scale);
  std::ranges::copy(kShift, control.pixel_shift);
  std::array<std::uint32_t, kBatch> order{};
  for (std::uint32_t i = 0; i < kBatch; ++i) order[i] = kBatch - 1 - i;
  const std::array<std::uint8_t, kBatch> labels{};
  const ImageBuffers set = {h.object(images), h.object(labels), h.object(order)};
  Tensor x;
  x.n = kBatch, x.c = kPlanes, x.h = kHeight, x.w = kWidth;
  x.buffer = h.output(kBatch * kSize);
  gather_batch(h.schedule, "gather", set, h.object(control), x, h.output(kBatch), augment);
  h.run();
  return h.read(x);
}

Vector scaled(const Vector& pixels, std::size_t channel) {
  Vector x;
  for (const double p : pixels)  // the same two float32 operations
    x.push_back(static_cast<double>(static_cast<float>(p) * kScale[channel] + kShift[channel]));
  return x;
}

std::vector<AugmentDesc> augmentations() {
  return {{.shift = 2, .seed = 3},
          {.flip = true, .seed = 3},
          {.cutout = 3, .seed = 3},
          {.shift = 1, .flip = true, .cutout = 5, .seed = 4}};
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_batch_is_augmented_as_its_draws_say_to_the_bit) {
  const Images images = some_images();
  for (const AugmentDesc& desc : augmentations()) {
    const std::int64_t step = (std::int64_t{1} << 40) + 7;
    Vector want;
    for (int row = 0; row < kBatch - 1; ++row) {
      const Augmentation a = draw_augmentation(desc, kHeight, kWidth, step, row);
      const std::size_t image = static_cast<std::size_t>(kBatch - 1 - row) * kSize;
      for (std::size_t c = 0; c < kPlanes; ++c) {
        const auto plane = images.begin() + static_cast<std::ptrdiff_t>(image + c * kPlane);
        const Vector x =
            scaled(reference::augment(Vector(plane, plane + kPlane), kHeight, kWidth,
                                      {a.flip, a.dx, a.dy, a.cut_x, a.cut_y, a.cut_size}, 0),
                   c);
        want.insert(want.end(), x.begin(), x.end());
      }
    }
    want.resize(kBatch * kSize, 0.0);  // the padding
    const Vector one = gather(images, desc, step, 1);
    check_close(one, want, 0, 0, "x");
    BOOST_TEST((one == gather(images, desc, step, 3)));
    BOOST_TEST((one != gather(images, desc, step + 1, 1)));
  }
}

BOOST_AUTO_TEST_CASE(draws_cover_their_ranges_evenly) {
  const AugmentDesc desc = {.shift = 2, .flip = true, .cutout = 4, .seed = 1};
  const int steps = 100, rows = 100, n = steps * rows;
  std::array<int, 5> dx{}, dy{};
  std::array<int, 8> cut_x{};
  std::array<int, 6> cut_y{};
  int flips = 0, flips_right = 0;
  std::set<std::array<int, 5>> distinct;
  for (int step = 0; step < steps; ++step)
    for (int row = 0; row < rows; ++row) {
      const Augmentation a = draw_augmentation(desc, 6, 8, step, row);
      ++dx.at(static_cast<std::size_t>(a.dx + 2)), ++dy.at(static_cast<std::size_t>(a.dy + 2));
      ++cut_x.at(static_cast<std::size_t>(a.cut_x + 2));
      ++cut_y.at(static_cast<std::size_t>(a.cut_y + 2));
      flips += a.flip, flips_right += a.flip && a.dx > 0;
      distinct.insert({a.dx, a.dy, a.flip, a.cut_x, a.cut_y});
    }
  // Binomial counts: within five standard deviations.
  const auto even = [&](const auto& counts, const char* what) {
    const double p = 1.0 / static_cast<double>(counts.size());
    for (const int count : counts)
      BOOST_TEST(std::abs(count - n * p) < 5 * std::sqrt(n * p * (1 - p)), what << ": " << count);
  };
  even(dx, "dx"), even(dy, "dy"), even(cut_x, "cut_x"), even(cut_y, "cut_y");
  even(std::array{flips, n - flips}, "flip");
  BOOST_TEST(std::abs(flips_right - 0.2 * n) < 5 * std::sqrt(n * 0.2 * 0.8));  // independent of dx
  // 10000 draws from 5 * 5 * 2 * 8 * 6 = 2400 equally likely ones leave out 2400 e^-4.17 = 37.
  BOOST_TEST(distinct.size() > 2300u);
}

BOOST_AUTO_TEST_CASE(a_smoothed_cross_entropy_agrees_with_the_reference) {
  const std::size_t n = 37, classes = 10;
  for (const double spread : {1.0, 100.0})
    for (const double smoothing : {0.0, 0.1, 0.75}) {
      const Vector logits = exact_floats(n * classes, 7, -spread, spread);
      std::vector<std::uint8_t> labels;
      std::array<std::int32_t, n> wide{};
      for (std::size_t i = 0; i < n; ++i)
        labels.push_back(static_cast<std::uint8_t>(wide[i] = static_cast<int>(i * 7 % classes)));
      OpHarness h;
      StepControl start;
      start.now.count = 30;
      const Tensor x = h.tensor(static_cast<int>(n), static_cast<int>(classes), 1, 1, 1, logits);
      const BufferId control = h.object(start), y = h.object(wide);
      const Tensor dx = cross_entropy_forward_backward(h.schedule, "loss", x, y, control,
                                                       static_cast<float>(smoothing));
      h.run();
      const auto want = reference::cross_entropy(logits, labels, classes, 30, smoothing);
      // As without smoothing; each of the ten shifted logits in the sum adds a rounding of its own.
      check_close(h.read(dx), want.dlogits, 1e-6 / 30, 1e-6, "dlogits");
      const StepControl sums = h.read_all<StepControl>(control, 1)[0];
      check_close(Vector{sums.loss_sum / 30}, Vector{want.loss}, 1e-6 * spread + 1e-6, 1e-6,
                  "loss");
      BOOST_TEST(sums.correct == static_cast<std::int64_t>(want.correct));
    }
}

// The logarithm of NaN is a number, as this project computes it.
BOOST_AUTO_TEST_CASE(a_logit_that_is_no_number_is_seen_in_the_loss) {
  const float none = std::nanf("");
  for (const std::vector<float>& row :
       {std::vector<float>{1, none, .5f}, {none, 1, .5f}, {none, none, none}})
    for (const float smoothing : {0.0f, 0.1f}) {
      float drow[3];
      bool hit = true;
      BOOST_TEST(std::isnan(cross_entropy_row(row.data(), 3, 0, 1, smoothing, drow, hit)));
      BOOST_TEST(!hit);
      BOOST_TEST(std::isnan(drow[0]));
    }
}

BOOST_AUTO_TEST_CASE(adam_with_decoupled_decay_agrees_with_the_reference_over_steps) {
  const std::size_t n = 50001;
  Vector x = exact_floats(n, 9);
  reference::AdamState state;
  const double lr = 0.01, decay = 3;
  Vector fast = x, m(n), v(n);
  for (int step = 1; step <= 3; ++step) {
    const Vector g = exact_floats(n, 10 + std::uint64_t(step));
    OpHarness h;
    StepControl control;
    control.now.lr = static_cast<float>(lr);
    control.now.adam_rate = static_cast<float>(lr / (1 - std::pow(0.9, step)));
    control.now.adam_inverse_root = static_cast<float>(1 / std::sqrt(1 - std::pow(0.999, step)));
    AdamDesc desc;
    desc.weight_decay = static_cast<float>(decay);
    const BufferId value = h.input(fast), mm = h.input(m), vv = h.input(v), gradient = h.input(g);
    adam_step(h.schedule, "adam", desc, value, mm, vv, gradient, n, h.object(control));
    h.run();
    fast = h.read(value, n), m = h.read(mm, n), v = h.read(vv, n);
    reference::adam_step(x, g, state, {.lr = lr, .weight_decay = decay});
  }
  // As without decay (1 - 0.999f); the decay itself, a few 1e-2, is off by a few 2^-24 of itself.
  check_close(fast, x, 3 * 0.01 * 6e-5, 1e-6, "value");
}

BOOST_AUTO_TEST_CASE(a_scaled_vector_is_added) {
  const std::size_t n = 40001;
  const Vector x = exact_floats(n, 30), y = exact_floats(n, 31);
  OpHarness h;
  const BufferId sum = h.input(y);
  add_scaled(h.schedule, "add", sum, h.input(x), 0.37f, n);
  h.run();
  Vector want = y;
  for (std::size_t i = 0; i < n; ++i) want[i] += static_cast<double>(0.37f) * x[i];
  check_close(h.read(sum, n), want, 3 * 0x1p-24, 0, "y");  // a product and a sum below 2, rounded
}

BOOST_AUTO_TEST_CASE(an_average_agrees_with_its_definition_from_the_first_step_on) {
  const std::size_t n = 20001;
  for (const double decay : {0.3, 0.9, 0.999}) {
    Vector fast = exact_floats(n, 40);  // what was there before counts for nothing
    std::vector<Vector> values;
    for (int t = 1; t <= 20; ++t) {
      values.push_back(exact_floats(n, 40 + std::uint64_t(t)));
      OpHarness h;
      StepControl control;
      control.now.ema_weight = static_cast<float>((1 - decay) / (1 - std::pow(decay, t)));
      const BufferId average = h.input(fast);
      ema_step(h.schedule, "ema", average, h.input(values.back()), n, h.object(control));
      h.run();
      fast = h.read(average, n);
      // A step rounds twice at most 2 by 2^-24, and forgets what earlier ones rounded only slowly.
      const Vector want = reference::exponential_average(values, decay);
      check_close(fast, want, t == 1 ? 0 : 4 * t * 0x1p-24, 0, "average");
    }
  }
}
