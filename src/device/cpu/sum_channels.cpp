#include "device/cpu/sum_channels.hpp"

#include <algorithm>

#include "device/cpu/parallel.hpp"
#include "device/cpu/plane_sums.hpp"
#include "device/host_device.hpp"

namespace mapnet::cpu {

namespace {

/// part [planes * block] = sum over images of x [images, planes, pixels, block].
MAPNET_CPU_LEVELS void sum_images(float* part, const float* x, std::size_t images,
                                  std::size_t planes, std::size_t pixels, std::size_t block) {
  std::fill_n(part, planes * block, 0.0f);
  float sums[16];
  for (std::size_t n = 0; n < images; ++n)
    for (std::size_t p = 0; p < planes; ++p, x += pixels * block) {
      sum_pixels(sums, x, pixels, block);
      for (std::size_t l = 0; l < block; ++l) part[p * block + l] += sums[l];
    }
}

}  // namespace

void add_sum_channels(Schedule& schedule, const std::string& name, const ParamSlice& sums,
                      const Tensor& x) {
  const auto images = static_cast<std::size_t>(x.n),
             block = static_cast<std::size_t>(x.channel_block),
             pixels = static_cast<std::size_t>(x.h * x.w), image = x.padded_size() / images,
             channels = image / pixels;  // with the padding
  const std::size_t groups = std::min(kMaxGroups, images);
  const BufferId parts =
      schedule.buffer(name + ".parts", "workspace", groups * channels * sizeof(float));
  Step step;
  step.name = name;
  step.reads = {x.buffer};
  step.writes = {sums.buffer, parts};
  step.flops = static_cast<double>(x.padded_size());
  step.bytes = static_cast<double>(x.bytes());
  step.bind = [=, n_threads = schedule.n_threads()](const Memory& memory) -> Run {
    const auto* values = memory.at<const float>(x.buffer) + x.offset;
    auto* part = memory.at<float>(parts);
    auto* out = memory.at<float>(sums.buffer) + sums.offset;
    const auto real = static_cast<std::size_t>(x.c);
    return [=] {
      parallel_for(static_cast<int>(groups), n_threads, [=](int group) {
        const auto g = static_cast<std::size_t>(group);
        const std::size_t first = g * images / groups, end = (g + 1) * images / groups;
        sum_images(part + g * channels, values + first * image, end - first, channels / block,
                   pixels, block);
      });
      std::copy_n(part, real, out);
      for (std::size_t g = 1; g < groups; ++g)
        for (std::size_t c = 0; c < real; ++c) out[c] += part[g * channels + c];
    };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cpu
