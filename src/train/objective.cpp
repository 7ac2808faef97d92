#include "train/objective.hpp"

#include <algorithm>

#include "device/ops/cross_entropy.hpp"
#include "device/ops/mse.hpp"
#include "device/ops/pixel_cross_entropy.hpp"

namespace mapnet {

namespace {

/// `dlogits` without a buffer: no gradient.
void add_objective(Schedule& schedule, const std::string& name, const ObjectiveDesc& desc,
                   const Tensor& logits, BufferId targets, BufferId control, const Tensor& dlogits,
                   BufferId confusion) {
  switch (desc.task) {
    case Task::classify:
      return cross_entropy(schedule, name, logits, targets, control, dlogits.buffer,
                           desc.smoothing);
    case Task::segment:
      return pixel_cross_entropy(schedule, name, {desc.ignore}, logits, targets, control, dlogits,
                                 confusion);
    case Task::forecast:
      return mse(schedule, name, logits, targets, control, dlogits.buffer);
  }
}

}  // namespace

Tensor objective_backward(Schedule& schedule, const ObjectiveDesc& desc, const Tensor& logits,
                          BufferId targets, BufferId control) {
  Tensor dlogits = logits;
  dlogits.offset = 0;
  dlogits.buffer = schedule.buffer("loss.dlogits", "gradients", dlogits.bytes());
  add_objective(schedule, "loss", desc, logits, targets, control, dlogits, kNoBuffer);
  return dlogits;
}

void objective_forward(Schedule& schedule, const std::string& name, const ObjectiveDesc& desc,
                       const Tensor& logits, BufferId targets, BufferId control,
                       BufferId confusion) {
  ObjectiveDesc plain = desc;
  plain.smoothing = 0;
  Tensor none = logits;
  none.buffer = kNoBuffer;
  add_objective(schedule, name, plain, logits, targets, control, none, confusion);
}

ConfusionSummary summarise(std::span<const std::uint64_t> confusion, std::size_t classes) {
  double sum = 0;
  int occurring = 0;
  std::uint64_t all = 0, most = 0;
  for (std::size_t k = 0; k < classes; ++k) {
    std::uint64_t labelled = 0, answered = 0;
    for (std::size_t j = 0; j < classes; ++j) {
      labelled += confusion[k * classes + j];
      answered += confusion[j * classes + k];
    }
    all += labelled;
    most = std::max(most, labelled);
    const std::uint64_t both = confusion[k * classes + k];
    const std::uint64_t either = labelled + answered - both;
    if (either == 0) continue;
    sum += static_cast<double>(both) / static_cast<double>(either);
    ++occurring;
  }
  if (all == 0) return {};
  return {sum / occurring, static_cast<double>(most) / static_cast<double>(all)};
}

}  // namespace mapnet
