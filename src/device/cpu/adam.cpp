#include "device/ops/adam.hpp"

#include <algorithm>

#include "device/cpu/parallel.hpp"
#include "device/ops/step_control.hpp"

namespace mapnet::cpu {

namespace {

constexpr std::size_t kChunk = 16384;  // floats a task: 256 KiB over the four buffers, within L2

MAPNET_CPU_LEVELS void update(float* value, float* m, float* v, const float* gradient,
                              std::size_t n, const AdamDesc d, const AdamRates r) {
  for (std::size_t i = 0; i < n; ++i) adam_update(value[i], m[i], v[i], gradient[i], d, r);
}

}  // namespace

void adam_step(Schedule& schedule, const std::string& name, const AdamDesc& desc, BufferId value,
               BufferId m, BufferId v, BufferId gradient, std::size_t n, BufferId control) {
  Step step;
  step.name = name;
  step.reads = {value, m, v, gradient, control};
  step.writes = {value, m, v};
  step.bytes = 7.0 * sizeof(float) * static_cast<double>(n);
  step.bind = [=, n_threads = schedule.n_threads()](const Memory& memory) -> Run {
    auto* value_ptr = memory.at<float>(value);
    auto* m_ptr = memory.at<float>(m);
    auto* v_ptr = memory.at<float>(v);
    const auto* gradient_ptr = memory.at<const float>(gradient);
    const auto* c = memory.at<const StepControl>(control);
    const int chunks = static_cast<int>((n + kChunk - 1) / kChunk);
    return [=] {
      parallel_for(chunks, n_threads, [=](int k) {
        const std::size_t begin = static_cast<std::size_t>(k) * kChunk;
        update(value_ptr + begin, m_ptr + begin, v_ptr + begin, gradient_ptr + begin,
               std::min(kChunk, n - begin), desc,
               {c->now.adam_rate, c->now.adam_inverse_root, c->now.lr});
      });
    };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cpu
