#include "device/ops/gather.hpp"

#include <algorithm>
#include <cstdint>

#include "device/cpu/parallel.hpp"
#include "device/host_device.hpp"
#include "device/ops/step_control.hpp"

namespace mapnet::cpu {

namespace {

MAPNET_CPU_LEVELS void scale_pixels(float* x, const std::uint8_t* pixels, std::size_t n,
                                    float scale, float shift) {
  for (std::size_t i = 0; i < n; ++i) x[i] = static_cast<float>(pixels[i]) * scale + shift;
}

/// One plane [h, w] of an image.
void augment_pixels(float* x, const std::uint8_t* pixels, int h, int w, const Augmentation& a,
                    float scale, float shift) {
  for (int row = 0; row < h; ++row)
    for (int column = 0; column < w; ++column)
      *x++ = static_cast<float>(augmented_pixel(a, pixels, h, w, row, column)) * scale + shift;
}

/// The labels of an image's pixels, moved as it is.
void augment_labels(std::uint8_t* to, const std::uint8_t* labels, int h, int w, Augmentation a,
                    std::uint8_t ignore) {
  a.cut_size = 0;
  for (int row = 0; row < h; ++row)
    for (int column = 0; column < w; ++column)
      *to++ = augmented_pixel(a, labels, h, w, row, column, ignore);
}

}  // namespace

void gather_batch(Schedule& schedule, const std::string& name, const ImageBuffers& set,
                  BufferId control, const Tensor& x, BufferId labels, const AugmentDesc& augment) {
  Step step;
  step.name = name;
  step.reads = {set.images, set.labels, set.order, control};
  step.writes = {x.buffer, labels};
  step.bytes = static_cast<double>(x.bytes()) * 1.25;
  step.bind = [=, n_threads = schedule.n_threads()](const Memory& memory) -> Run {
    const auto* images = memory.at<const std::uint8_t>(set.images);
    const auto* all_labels = memory.at<const std::uint8_t>(set.labels);
    const auto* order = memory.at<const std::uint32_t>(set.order);
    const auto* c = memory.at<const StepControl>(control);
    auto* pixels = memory.at<float>(x.buffer);
    const std::size_t size = x.features(), plane = size / static_cast<std::size_t>(x.c);
    const bool maps = set.label_size > 1;
    auto* image_labels = maps ? nullptr : memory.at<std::int32_t>(labels);
    auto* pixel_labels = maps ? memory.at<std::uint8_t>(labels) : nullptr;
    return [=] {
      parallel_for(x.n, n_threads, [=](int i) {
        float* row = pixels + static_cast<std::size_t>(i) * size;
        std::uint8_t* map = maps ? pixel_labels + static_cast<std::size_t>(i) * plane : nullptr;
        if (i >= c->now.count) {
          std::fill_n(row, size, 0.0f);
          if (maps)
            std::fill_n(map, plane, std::uint8_t{0});
          else
            image_labels[i] = 0;
          return;
        }
        const std::size_t sample = order[c->now.first + i];
        const std::uint8_t *image = images + sample * size,
                           *given = all_labels + sample * set.label_size;
        Augmentation a;
        if (augment.any()) a = draw_augmentation(augment, x.h, x.w, c->now.step, c->now.row + i);
        for (int k = 0; k < x.c; ++k, row += plane, image += plane) {
          const float scale = c->pixel_scale[k], shift = c->pixel_shift[k];
          if (augment.any())
            augment_pixels(row, image, x.h, x.w, a, scale, shift);
          else
            scale_pixels(row, image, plane, scale, shift);
        }
        if (!maps)
          image_labels[i] = *given;
        else if (augment.any())
          augment_labels(map, given, x.h, x.w, a, static_cast<std::uint8_t>(set.ignore));
        else
          std::copy_n(given, plane, map);
      });
    };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cpu
