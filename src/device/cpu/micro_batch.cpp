#include "device/ops/micro_batch.hpp"

#include <algorithm>

#include "device/cpu/parallel.hpp"
#include "device/host_device.hpp"

namespace mapnet::cpu {

namespace {

constexpr std::size_t kChunk = 16384;  // floats a task

MAPNET_CPU_LEVELS void add_part(float* sum, const float* gradient, std::size_t n, float weight) {
  for (std::size_t i = 0; i < n; ++i) sum[i] += weighted(gradient[i], weight);
}

MAPNET_CPU_LEVELS void divide(float* sum, std::size_t n, float weight) {
  for (std::size_t i = 0; i < n; ++i) sum[i] = mean_of_parts(sum[i], weight);
}

int chunks_of(std::size_t n) { return static_cast<int>((n + kChunk - 1) / kChunk); }

}  // namespace

void accumulate(Schedule& schedule, const std::string& name, BufferId sum, std::size_t offset,
                BufferId gradient, std::size_t n, Scored scored, BufferId control) {
  Step step = accumulate_step(name, sum, gradient, n, control);
  step.bind = [=, n_threads = schedule.n_threads()](const Memory& memory) -> Run {
    auto* to = memory.at<float>(sum) + offset;
    const auto* from = memory.at<const float>(gradient);
    const auto* c = memory.at<const StepControl>(control);
    return [=] {
      const float weight = micro_batch_weight(*c, scored);
      parallel_for(chunks_of(n), n_threads, [=](int k) {
        const std::size_t begin = static_cast<std::size_t>(k) * kChunk;
        add_part(to + begin, from + begin, std::min(kChunk, n - begin), weight);
      });
    };
  };
  schedule.add(std::move(step));
}

void average_parts(Schedule& schedule, const std::string& name, BufferId sum, std::size_t n,
                   Scored scored, BufferId control) {
  Step step = average_parts_step(name, sum, n, control);
  step.bind = [=, n_threads = schedule.n_threads()](const Memory& memory) -> Run {
    auto* values = memory.at<float>(sum);
    const auto* c = memory.at<const StepControl>(control);
    return [=] {
      const float weight = share_weight(*c, scored);
      parallel_for(chunks_of(n), n_threads, [=](int k) {
        const std::size_t begin = static_cast<std::size_t>(k) * kChunk;
        divide(values + begin, std::min(kChunk, n - begin), weight);
      });
    };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cpu
