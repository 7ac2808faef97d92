#include "device/ops/mse.hpp"

#include <algorithm>

#include "device/ops/step_control.hpp"

namespace mapnet::cpu {

// One thread: a forecast has a value or a few a row, which is done before a team of threads starts.
void mse(Schedule& schedule, const std::string& name, const Tensor& y, BufferId targets,
         BufferId control, BufferId dy) {
  Step step;
  step.name = name;
  step.reads = {y.buffer, targets, control};
  step.writes = {control};
  if (dy != kNoBuffer) step.writes.push_back(dy);
  step.bytes = (dy == kNoBuffer ? 2.0 : 3.0) * static_cast<double>(y.bytes());
  step.bind = [=](const Memory& memory) -> Run {
    const auto* rows = memory.at<const float>(y.buffer) + y.offset;
    const auto* want = memory.at<const float>(targets);
    auto* c = memory.at<StepControl>(control);
    float* drows = dy == kNoBuffer ? nullptr : memory.at<float>(dy);
    const auto columns = static_cast<int>(y.features());
    return [=] {
      const int count = std::min(c->now.count, y.n);
      const float weight = 1.0f / static_cast<float>(count);
      std::ptrdiff_t at = 0;
      for (int i = 0; i < count; ++i, at += columns)
        c->loss_sum += static_cast<double>(
            mse_row(rows + at, want + at, columns, weight, drows ? drows + at : nullptr));
      if (drows) std::fill_n(drows + at, static_cast<std::ptrdiff_t>(y.n - count) * columns, 0.0f);
      c->seen += count;
    };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cpu
