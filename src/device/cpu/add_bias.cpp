#include "device/cpu/add_bias.hpp"

#include <algorithm>

#include "device/cpu/parallel.hpp"
#include "device/cpu/vec16.hpp"
#include "device/host_device.hpp"

namespace mapnet::cpu {

namespace {

/// y [channels / block, pixels, block] += bias [channels], one image. Channels that pad the last
/// block stay as they are.
MAPNET_CPU_LEVELS void add_to_image(float* y, const float* bias, std::size_t channels,
                                    std::size_t pixels, std::size_t block) {
  const std::size_t n = pixels * block;
  for (std::size_t first = 0; first < channels; first += block, y += n) {
    float lanes[16] = {};  // sixteen values of a plane are whole pixels
    for (std::size_t l = 0; l < 16; ++l)
      if (first + l % block < channels) lanes[l] = bias[first + l % block];
    v16f v, b;
    load(b, lanes);
    std::size_t i = 0;
    for (; i + 16 <= n; i += 16) {
      load(v, y + i);
      store(y + i, v + b);
    }
    for (std::size_t l = 0; i < n; ++i, ++l) y[i] += lanes[l];
  }
}

}  // namespace

void add_bias(Schedule& schedule, const std::string& name, const Tensor& y,
              const ParamSlice& bias) {
  Step step;
  step.name = name;
  step.reads = {y.buffer, bias.buffer};
  step.writes = {y.buffer};
  step.flops = static_cast<double>(y.padded_size());
  step.bytes = 2.0 * static_cast<double>(y.bytes());
  step.bind = [=, n_threads = schedule.n_threads()](const Memory& memory) -> Run {
    auto* values = memory.at<float>(y.buffer) + y.offset;
    const auto* b = memory.at<const float>(bias.buffer) + bias.offset;
    const auto channels = static_cast<std::size_t>(y.c),
               pixels = static_cast<std::size_t>(y.h * y.w),
               block = static_cast<std::size_t>(y.channel_block);
    const std::size_t image = y.padded_size() / static_cast<std::size_t>(y.n);
    return [=] {
      parallel_for(y.n, n_threads, [=](int n) {
        add_to_image(values + static_cast<std::size_t>(n) * image, b, channels, pixels, block);
      });
    };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cpu
