#include "train/budget/cost_model.hpp"

#include <algorithm>

namespace mapnet {

namespace {

/// Rates of a device. A CPU's are one thread's of docs/performance.md's machines: convolutions
/// between 70% (small, 1 x 1) and 160% (Winograd) of 118 GFLOP/s. A step's first bytes, as many as
/// a core's own cache has room for, are still there from the step before; what is more comes from
/// memory or a cache that all cores share. A file is taken to be in the system's own cache, as one
/// that has just been written is while the machine has room; normals are what a dense map's rows
/// take to be drawn and used. Both as measured of CNN2's dense map. What a GPU's are matters
/// little: its steps differ in the same proportions.
struct Rates {
  double flops_per_s, step_s;
  double cache_bytes, cached_bytes_per_s, bytes_per_s;
  double sample_s, file_bytes_per_s;  ///< of what is read from a file, or from a GPU's host
  double normals_per_s;

  double seconds_to_move(double bytes) const {
    const double cached = std::min(bytes, cache_bytes);
    return cached / cached_bytes_per_s + (bytes - cached) / bytes_per_s;
  }
};

Rates rates_of(const Device& device) {
  if (device.kind() == DeviceKind::cuda)
    return {.flops_per_s = 30e12,
            .step_s = 4e-6,
            .cache_bytes = 0,
            .cached_bytes_per_s = 2e12,
            .bytes_per_s = 2e12,
            .sample_s = 3e-6,
            .file_bytes_per_s = 2e9,
            .normals_per_s = 100e9};
  const double threads = device.n_threads();
  return {.flops_per_s = 110e9 * threads,
          .step_s = threads > 1 ? 2e-6 : 0.2e-6,
          .cache_bytes = 1.5e6 * threads,
          .cached_bytes_per_s = 100e9 * threads,
          .bytes_per_s = 12e9 * threads,
          .sample_s = 1.5e-6,
          .file_bytes_per_s = 7e9 * threads,
          .normals_per_s = 500e6 * threads};
}

/// A pass over a part of a batch moves theta this often beside what its steps say: weights are
/// transformed for the convolutions that read them, and gradients back. Only what the cache has no
/// room for counts. Measured of ResNet-18, CNN3 and CNN1.
constexpr double kWeightMoves = 24;

/// Products of fewer samples fill vectors and threads less well. Measured: 8% to 30%, once a batch
/// is cut at all.
constexpr double kCut = 1.2;

}  // namespace

StepCost cost_of_step(const RunSchedule& run, const Recipe& recipe, const SampleFormat& format) {
  const Rates rates = rates_of(*run.schedule.device());
  const int parts =
      run.in_parts ? (recipe.batch + run.micro_batch - 1) / run.micro_batch : 1;  // of one rank
  StepCost cost;
  for (const Step& step : run.schedule.steps()) {
    const bool once = step.phase == Phase::step_begin || step.phase == Phase::train;
    const double times = once ? 1 : step.phase == Phase::micro_batch ? parts : 0;
    cost.flops += times * step.flops;
    cost.bytes += times * step.bytes;
    // A dense map's rows that are read or drawn as they are used never go through memory.
    const double moved =
        std::max(0.0, step.bytes - step.streamed_bytes - sizeof(float) * step.normals);
    cost.seconds +=
        (once ? times : kCut * times) *
        (rates.step_s + step.flops / rates.flops_per_s + rates.seconds_to_move(moved) +
         step.streamed_bytes / rates.file_bytes_per_s + step.normals / rates.normals_per_s);
  }
  const double theta_bytes = sizeof(float) * static_cast<double>(run.n_theta);
  const double weights = parts * kWeightMoves * std::max(0.0, theta_bytes - rates.cache_bytes);
  cost.bytes += weights;
  cost.seconds += weights / rates.bytes_per_s;
  if (recipe.footprint.samples_in_file) {
    const double each = static_cast<double>(run.samples.sample_bytes + format.labels);
    cost.seconds += recipe.batch * (rates.sample_s + each / rates.file_bytes_per_s);
  }
  return cost;
}

}  // namespace mapnet
