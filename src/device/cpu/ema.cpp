#include "device/ops/ema.hpp"

#include <algorithm>

#include "device/cpu/parallel.hpp"
#include "device/ops/step_control.hpp"

namespace mapnet::cpu {

namespace {

constexpr std::size_t kChunk = 16384;  // floats a task

MAPNET_CPU_LEVELS void update(float* average, const float* value, float weight, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) average[i] = ema_update(average[i], value[i], weight);
}

}  // namespace

void ema_step(Schedule& schedule, const std::string& name, BufferId average, BufferId value,
              std::size_t n, BufferId control) {
  Step step;
  step.name = name;
  step.reads = {average, value, control};
  step.writes = {average};
  step.bytes = 3.0 * sizeof(float) * static_cast<double>(n);
  step.bind = [=, n_threads = schedule.n_threads()](const Memory& memory) -> Run {
    auto* to = memory.at<float>(average);
    const auto* from = memory.at<const float>(value);
    const auto* c = memory.at<const StepControl>(control);
    return [=] {
      parallel_for(static_cast<int>((n + kChunk - 1) / kChunk), n_threads, [=](int k) {
        const std::size_t begin = static_cast<std::size_t>(k) * kChunk;
        update(to + begin, from + begin, c->now.ema_weight, std::min(kChunk, n - begin));
      });
    };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cpu
