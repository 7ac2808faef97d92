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

/// The planes [h, w] of one image.
void augment_pixels(float* x, const std::uint8_t* pixels, int planes, int h, int w,
                    const Augmentation& a, float scale, float shift) {
  const auto plane = static_cast<std::size_t>(h) * static_cast<std::size_t>(w);
  for (int c = 0; c < planes; ++c, pixels += plane)
    for (int row = 0; row < h; ++row)
      for (int column = 0; column < w; ++column)
        *x++ = static_cast<float>(augmented_pixel(a, pixels, h, w, row, column)) * scale + shift;
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
    auto* batch_labels = memory.at<std::int32_t>(labels);
    const std::size_t size = x.features();
    return [=] {
      parallel_for(x.n, n_threads, [=](int i) {
        float* row = pixels + static_cast<std::size_t>(i) * size;
        if (i >= c->now.count) {
          std::fill_n(row, size, 0.0f);
          batch_labels[i] = 0;
          return;
        }
        const std::size_t sample = order[c->now.first + i];
        const std::uint8_t* image = images + sample * size;
        if (augment.any())
          augment_pixels(row, image, x.c, x.h, x.w,
                         draw_augmentation(augment, x.h, x.w, c->now.step, i), c->pixel_scale,
                         c->pixel_shift);
        else
          scale_pixels(row, image, size, c->pixel_scale, c->pixel_shift);
        batch_labels[i] = all_labels[sample];
      });
    };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cpu
