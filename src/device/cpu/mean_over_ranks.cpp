#include "device/ops/mean_over_ranks.hpp"

#include <algorithm>

#include "device/communicator.hpp"
#include "device/cpu/parallel.hpp"

namespace mapnet::cpu {

namespace {

constexpr std::size_t kChunk = 16384;  // floats a task

MAPNET_CPU_LEVELS void weigh(float* values, std::size_t n, float weight) {
  for (std::size_t i = 0; i < n; ++i) values[i] = weighted(values[i], weight);
}

MAPNET_CPU_LEVELS void divide(float* values, std::size_t n, float all) {
  for (std::size_t i = 0; i < n; ++i) values[i] /= all;
}

}  // namespace

void mean_over_ranks(Schedule& schedule, const std::string& name, BufferId gradient, std::size_t n,
                     Scored scored, BufferId control, const std::shared_ptr<Communicator>& ranks) {
  Step step = mean_over_ranks_step(name, gradient, n, control);
  step.bind = [=, n_threads = schedule.n_threads()](const Memory& memory) -> Run {
    auto* values = memory.at<float>(gradient);
    const auto* c = memory.at<const StepControl>(control);
    const int chunks = static_cast<int>((n + kChunk - 1) / kChunk);
    return [=] {
      const float weight = share_weight(*c, scored);
      const auto in_chunks = [=](auto change, float by) {
        parallel_for(chunks, n_threads, [=](int k) {
          const std::size_t begin = static_cast<std::size_t>(k) * kChunk;
          change(values + begin, std::min(kChunk, n - begin), by);
        });
      };
      in_chunks(weigh, weight);
      values[n] = weight;
      ranks->sum(std::span(values, n + 1));
      in_chunks(divide, values[n]);
    };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cpu
