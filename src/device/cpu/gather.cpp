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

}  // namespace

void gather_batch(Schedule& schedule, const std::string& name, const ImageBuffers& set,
                  BufferId control, const Tensor& x, BufferId labels) {
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
        scale_pixels(row, images + sample * size, size, c->pixel_scale, c->pixel_shift);
        batch_labels[i] = all_labels[sample];
      });
    };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cpu
