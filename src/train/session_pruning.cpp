#include <algorithm>

#include "device/ops/prune.hpp"
#include "train/pruning.hpp"
#include "train/session.hpp"

namespace mapnet {

std::int64_t Session::pruning_step() const {
  const auto total = static_cast<double>(steps_per_epoch() * recipe_.epochs);
  return static_cast<std::int64_t>(recipe_.add_ons.pruning.at * total);
}

void Session::prune_if_due(std::int64_t step) {
  if (!recipe_.add_ons.pruning.on() || !pruned_.empty() || step < pruning_step()) return;
  expand();  // theta of the present latents, not of those before the last update
  set_pruned(pruned_bits(theta(), net_, recipe_.add_ons.pruning));
  if (recipe_.mapping.strategy != Strategy::direct) return;
  // Trained themselves, they begin at zero, and stay there: their gradients are masked, and so they
  // must have no momentum left.
  for (const BufferId buffer : {run_.value, run_.adam_m, run_.adam_v}) {
    std::vector<float> values(run_.n_values);
    program_->read<float>(values, buffer);
    for (std::size_t j = 0; j < values.size(); ++j)
      if (is_pruned(pruned_.data(), j)) values[j] = 0;
    program_->write<float>(buffer, values);
  }
}

void Session::set_pruned(std::vector<std::uint32_t> bits) {
  pruned_ = std::move(bits);
  program_->write<std::uint32_t>(run_.pruned, pruned_);
}

}  // namespace mapnet
