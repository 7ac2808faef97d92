#include "train/budget/cost_model.hpp"

namespace mapnet {

namespace {

/// Rates of a device. A CPU's are one thread's of docs/performance.md's machines: convolutions
/// between 70% (small, 1 x 1) and 160% (Winograd) of 118 GFLOP/s, passes over memory mostly in
/// cache. What a GPU's are matters little: its steps differ in the same proportions.
struct Rates {
  double flops_per_s, bytes_per_s, step_s;
  double sample_s, file_bytes_per_s;  ///< of what is read from a file, or from a GPU's host
  double normals_per_s;
};

Rates rates_of(const Device& device) {
  if (device.kind() == DeviceKind::cuda) return {30e12, 2e12, 4e-6, 3e-6, 2e9, 100e9};
  const double threads = device.n_threads();
  return {120e9 * threads, 20e9 * threads, threads > 1 ? 2e-6 : 0.6e-6, 1.5e-6, 3e9,
          300e6 * threads};
}

/// Bytes that a pass over a part of a batch moves for each parameter, beside what its steps say:
/// weights are transformed for the convolutions that read them, and gradients back. Measured of
/// CNN2, CNN1 and ResNet-18 with theta in a core's cache, in the processor's, and in memory.
double pass_bytes_per_parameter(std::size_t n_theta) {
  const double theta_bytes = sizeof(float) * static_cast<double>(n_theta);
  return theta_bytes < 1e6 ? 8 : theta_bytes < 16e6 ? 80 : 200;
}

/// Products of fewer samples fill vectors and threads less well. Measured: 13% to 22%, once a batch
/// is cut at all.
constexpr double kCut = 1.12;

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
    cost.seconds +=
        times * (rates.step_s + step.flops / rates.flops_per_s + step.bytes / rates.bytes_per_s +
                 step.streamed_bytes / rates.file_bytes_per_s + step.normals / rates.normals_per_s);
  }
  if (run.in_parts) cost.seconds *= kCut;
  const double moved =
      (parts - 1) * pass_bytes_per_parameter(run.n_theta) * static_cast<double>(run.n_theta);
  cost.bytes += moved;
  cost.seconds += moved / rates.bytes_per_s;
  if (recipe.footprint.samples_in_file) {
    const double each = static_cast<double>(run.samples.sample_bytes + format.labels);
    cost.seconds += recipe.batch * (rates.sample_s + each / rates.file_bytes_per_s);
  }
  return cost;
}

}  // namespace mapnet
