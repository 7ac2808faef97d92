#include <boost/test/unit_test.hpp>

#include "device/op_harness.hpp"
#include "device/ops/gather.hpp"
#include "device/ops/step_control.hpp"
#include "reference/augment.hpp"

/// Batches of images of which each pixel has a label.
using namespace mapnet;
using namespace mapnet::test;

namespace {

constexpr int kBatch = 12, kCount = 10, kIgnore = 200;
constexpr std::int64_t kStep = 77;

struct Size {
  int c, h, w;
  std::size_t pixels() const { return std::size_t(h) * std::size_t(w); }
};

struct Samples {
  std::vector<std::uint8_t> images, labels;
  std::vector<std::uint32_t> order;
};

Samples samples_of(const Size& size) {
  Samples s;
  for (std::size_t i = 0; i < kBatch * size.pixels(); ++i) {
    s.labels.push_back(static_cast<std::uint8_t>(1 + i * 37 % 150));
    // The first channel of an image is its label map, so that both must go the same way.
    if (i % size.pixels() == 0)
      s.images.resize(s.images.size() + size.pixels() * std::size_t(size.c));
    s.images[i / size.pixels() * size.pixels() * std::size_t(size.c) + i % size.pixels()] =
        s.labels.back();
  }
  for (std::uint32_t i = 0; i < kBatch; ++i) s.order.push_back(i * 5 % kBatch);
  return s;
}

struct Batch {
  Vector x;
  std::vector<std::uint8_t> labels;
};

Batch gather(const Samples& s, const Size& size, const AugmentDesc& augment, int n_threads) {
  OpHarness h(n_threads);
  StepControl control;
  control.now.first = 1, control.now.count = kCount, control.now.step = kStep;
  std::ranges::fill(control.pixel_scale, 1.0f);
  const ImageBuffers set = {h.array(s.images), h.array(s.labels), h.array(s.order), size.pixels(),
                            kIgnore};
  Tensor x;
  x.n = kBatch, x.c = size.c, x.h = size.h, x.w = size.w;
  x.buffer = h.output(x.padded_size());
  const std::size_t bytes = kBatch * size.pixels();
  const BufferId labels = h.array(std::vector<std::uint8_t>(bytes, 99));
  gather_batch(h.schedule, "gather", set, h.object(control), x, labels, augment);
  h.run();
  return {h.read(x), h.read_all<std::uint8_t>(labels, bytes)};
}

}  // namespace

BOOST_AUTO_TEST_CASE(labels_of_pixels_move_with_their_images_and_are_not_cut_out) {
  // The last has images that several blocks of a GPU work on.
  for (const Size& size : {Size{1, 6, 5}, Size{3, 7, 9}, Size{2, 70, 66}}) {
    const Samples s = samples_of(size);
    for (const AugmentDesc& desc :
         {AugmentDesc{}, AugmentDesc{.shift = 2, .seed = 3}, AugmentDesc{.flip = true, .seed = 3},
          AugmentDesc{.cutout = 3, .seed = 3},
          AugmentDesc{.shift = 2, .flip = true, .cutout = 2, .seed = 5}}) {
      const Batch found = gather(s, size, desc, 2);
      const int h = size.h, w = size.w;
      std::vector<std::uint8_t> want;
      for (int row = 0; row < kCount; ++row) {
        const Augmentation a = draw_augmentation(desc, h, w, kStep, row);
        const auto from =
            s.labels.begin() + std::ptrdiff_t(s.order[std::size_t(row) + 1] * size.pixels());
        const Vector map(from, from + std::ptrdiff_t(size.pixels()));
        for (const double label :
             reference::augment(map, h, w, {a.flip, a.dx, a.dy, 0, 0, 0}, kIgnore))
          want.push_back(static_cast<std::uint8_t>(label));
      }
      want.resize(kBatch * size.pixels(), 0);  // the padding
      BOOST_TEST((found.labels == want));
      BOOST_TEST((found.labels == gather(s, size, desc, 1).labels));
      // The image's first channel says the same where it is neither from outside nor cut out.
      std::size_t same = 0;
      for (std::size_t i = 0; i < kCount * size.pixels(); ++i) {
        const double pixel =
            found.x[i / size.pixels() * size.pixels() * std::size_t(size.c) + i % size.pixels()];
        same += pixel == found.labels[i];
        if (pixel != 0) BOOST_REQUIRE(pixel == found.labels[i]);
      }
      if (desc.shift == 0 && desc.cutout == 0) BOOST_TEST(same == kCount * size.pixels());
      BOOST_TEST(same > kCount * size.pixels() / 4);
    }
  }
}

BOOST_AUTO_TEST_CASE(images_of_too_many_channels_and_labels_of_half_an_image_are_refused) {
  OpHarness h;
  const BufferId bytes = h.array(std::vector<std::uint8_t>(64)), control = h.object(StepControl());
  Tensor x;
  x.n = 1, x.c = kMaxImageChannels + 1, x.h = x.w = 2;
  x.buffer = h.output(x.padded_size());
  BOOST_CHECK_THROW(gather_batch(h.schedule, "gather", {bytes, bytes, bytes}, control, x, bytes),
                    std::exception);
  x.c = 1;
  BOOST_CHECK_THROW(gather_batch(h.schedule, "gather", {bytes, bytes, bytes, 2}, control, x, bytes),
                    std::exception);
  BOOST_CHECK_NO_THROW(
      gather_batch(h.schedule, "gather", {bytes, bytes, bytes, 4}, control, x, bytes));
}
