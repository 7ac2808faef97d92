#include "device/ops/cross_entropy.hpp"

#include <algorithm>

#include "device/cpu/parallel.hpp"
#include "device/ops/step_control.hpp"

namespace mapnet::cpu {

// oneDNN's softmax would leave the loss, its gradient and the hits to three more passes.
void cross_entropy(Schedule& schedule, const std::string& name, const Tensor& logits,
                   BufferId labels, BufferId control, BufferId dlogits, float smoothing) {
  // Row losses are summed in row order after the rows are done: any number of threads, same bits.
  const BufferId losses = schedule.buffer(name + ".losses", "workspace",
                                          static_cast<std::size_t>(logits.n) * sizeof(float));
  const BufferId hits =
      schedule.buffer(name + ".hits", "workspace", static_cast<std::size_t>(logits.n));
  Step step;
  step.name = name;
  step.reads = {logits.buffer, labels, control};
  step.writes = {control, losses, hits};
  if (dlogits != kNoBuffer) step.writes.push_back(dlogits);
  step.bytes = 2.0 * static_cast<double>(logits.bytes());
  step.bind = [=, n_threads = schedule.n_threads()](const Memory& memory) -> Run {
    const auto* x = memory.at<const float>(logits.buffer);
    const auto* y = memory.at<const std::int32_t>(labels);
    auto* c = memory.at<StepControl>(control);
    auto* row_losses = memory.at<float>(losses);
    auto* row_hits = memory.at<bool>(hits);
    float* dx = dlogits == kNoBuffer ? nullptr : memory.at<float>(dlogits);
    const int classes = logits.c;
    const int threads =
        logits.n >= 1024 ? n_threads : 1;  // small batches finish before a team starts
    return [=] {
      const float weight = 1.0f / static_cast<float>(c->now.count);
      parallel_for(logits.n, threads, [=](int i) {
        const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(i) * classes;
        if (i < c->now.count)
          row_losses[i] = cross_entropy_row(x + at, classes, y[i], weight, smoothing,
                                            dx ? dx + at : nullptr, row_hits[i]);
        else if (dx)
          std::fill_n(dx + at, classes, 0.0f);
      });
      for (int i = 0; i < c->now.count; ++i) {
        c->loss_sum += static_cast<double>(row_losses[i]);
        c->correct += row_hits[i] ? 1 : 0;
      }
      c->seen += c->now.count;
    };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cpu
