#include "device/ops/add_scaled.hpp"

#include <algorithm>

#include "device/cpu/parallel.hpp"
#include "device/host_device.hpp"

namespace mapnet::cpu {

namespace {

constexpr std::size_t kChunk = 16384;  // floats a task

MAPNET_CPU_LEVELS void add(float* y, const float* x, float scale, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) y[i] += scale * x[i];
}

}  // namespace

void add_scaled(Schedule& schedule, const std::string& name, BufferId y, BufferId x, float scale,
                std::size_t n) {
  Step step;
  step.name = name;
  step.reads = {x, y};
  step.writes = {y};
  step.bytes = 3.0 * sizeof(float) * static_cast<double>(n);
  step.bind = [=, n_threads = schedule.n_threads()](const Memory& memory) -> Run {
    auto* to = memory.at<float>(y);
    const auto* from = memory.at<const float>(x);
    return [=] {
      parallel_for(static_cast<int>((n + kChunk - 1) / kChunk), n_threads, [=](int k) {
        const std::size_t begin = static_cast<std::size_t>(k) * kChunk;
        add(to + begin, from + begin, scale, std::min(kChunk, n - begin));
      });
    };
  };
  schedule.add(std::move(step));
}

void fill(Schedule& schedule, const std::string& name, BufferId y, float value, std::size_t n) {
  Step step;
  step.name = name;
  step.writes = {y};
  step.bytes = sizeof(float) * static_cast<double>(n);
  step.bind = [=](const Memory& memory) -> Run {
    auto* to = memory.at<float>(y);
    return [=] { std::fill_n(to, n, value); };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cpu
