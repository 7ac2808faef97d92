#include "device/ops/gather_floats.hpp"

#include <algorithm>
#include <cstdint>

#include "device/cpu/parallel.hpp"
#include "device/ops/step_control.hpp"

namespace mapnet::cpu {

namespace {

// Samples a thread is worth waking for: a copy of some hundred bytes each.
constexpr int kSamplesPerThread = 256;

}  // namespace

void gather_floats(Schedule& schedule, const std::string& name, const FloatBuffers& set,
                   BufferId control, const Tensor& x, BufferId targets) {
  const bool labelled = set.labels != kNoBuffer;
  Step step;
  step.name = name;
  step.reads = {set.values, set.order, control};
  if (labelled) step.reads.push_back(set.labels);
  step.writes = {x.buffer, targets};
  step.bytes = 2.0 * static_cast<double>(x.bytes());
  step.bind = [=, n_threads = schedule.n_threads()](const Memory& memory) -> Run {
    const auto* values = memory.at<const float>(set.values);
    const auto* labels = labelled ? memory.at<const std::uint8_t>(set.labels) : nullptr;
    const auto* order = memory.at<const std::uint32_t>(set.order);
    const auto* c = memory.at<const StepControl>(control);
    auto* rows = memory.at<float>(x.buffer) + x.offset;
    auto* numbers = memory.at<float>(targets);  // one of the two is used
    auto* classes = memory.at<std::int32_t>(targets);
    const std::size_t size = x.features();
    const int threads = std::clamp(x.n / kSamplesPerThread, 1, n_threads);
    return [=] {
      parallel_for(x.n, threads, [=](int i) {
        float* row = rows + static_cast<std::size_t>(i) * size;
        const bool real = i < c->now.count;
        const std::size_t sample = real ? order[c->now.first + i] : 0;
        const float* from = values + sample * set.step;
        if (real)
          std::copy_n(from, size, row);
        else
          std::fill_n(row, size, 0.0f);
        if (labels)
          classes[i] = real ? labels[sample] : 0;
        else
          numbers[i] = real ? from[set.target_offset] : 0.0f;
      });
    };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cpu
