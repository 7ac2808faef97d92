#include <algorithm>

#include "common/error.hpp"
#include "nets/int8.hpp"
#include "train/sample_order.hpp"
#include "train/session.hpp"

namespace mapnet {

namespace {

constexpr std::size_t kCalibrationSamples = 1024;

}  // namespace

std::vector<float> Session::calibrate() {
  if (run_.activation_ranges == kNoBuffer) fail("session: planned without an int8 evaluation");
  const std::vector<float> nothing_seen(weighted_layers(net_), 0.0f);
  program_->write<float>(run_.activation_ranges, nothing_seen);
  // Always the same samples, whichever epoch's order the device has.
  std::vector<std::uint32_t> epochs_order(order_.size());
  order_.swap(epochs_order);
  fill_sample_order(order_, counts_, recipe_.seed, 0);
  write_order();
  const std::size_t samples = std::min(kCalibrationSamples, counts_.train);
  const std::size_t batches = batches_of(samples, eval_batch());
  prepare(0, std::min(batches * eval_batch(), counts_.train));  // whole batches are walked
  expand();
  walk(Phase::calibrate, 0, static_cast<std::int64_t>(batches));
  std::vector<float> ranges(weighted_layers(net_));
  program_->read<float>(ranges, run_.activation_ranges);
  ranks_->max(ranges);
  program_->write<float>(run_.activation_ranges, ranges);
  order_.swap(epochs_order);
  write_order();
  return ranges;
}

Metrics Session::evaluate_int8(Split split) {
  share_state();
  calibrate();
  prepare(split);
  const std::vector<float> full = theta();
  program_->write<float>(run_.theta, int8_weights(full, net_));
  const auto [begin, end] = batches_of_split(split);
  const Metrics m = walk(Phase::eval_int8, begin, end);
  program_->write<float>(run_.theta, full);  // for direct: the trained values themselves
  return m;
}

}  // namespace mapnet
