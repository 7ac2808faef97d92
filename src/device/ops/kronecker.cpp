#include "device/ops/kronecker.hpp"

#include <cmath>

namespace mapnet {

float kronecker_scale(const KroneckerMatrix& m) {
  return static_cast<float>(
      std::sqrt(static_cast<double>(m.rows * m.cols) / static_cast<double>(m.latents)));
}

void add_kronecker_factors(Schedule& schedule, const MapDesc& desc, MapState& state) {
  for (const KroneckerMatrix& m : desc.matrices) {
    state.left.push_back(
        schedule.persistent_buffer("map." + m.name + ".U", "map", m.rows * m.left * sizeof(float)));
    state.right.push_back(schedule.persistent_buffer("map." + m.name + ".V", "map",
                                                     m.cols * m.right * sizeof(float)));
  }
}

namespace {

/// A pass over all matrices that reads or writes `row_values` floats a value of theta.
Step pass(const char* name, const MapDesc& desc, const MapState& state, int row_values) {
  Step step;
  step.name = name;
  step.reads = state.left;
  step.reads.insert(step.reads.end(), state.right.begin(), state.right.end());
  for (const KroneckerMatrix& m : desc.matrices) {
    const auto rows = static_cast<double>(m.rows), cols = static_cast<double>(m.cols);
    const auto left = static_cast<double>(m.left), right = static_cast<double>(m.right);
    step.flops += 2.0 * left * cols * (right + rows);
    step.bytes += sizeof(float) * (rows * left + cols * right + row_values * rows * cols +
                                   static_cast<double>(m.latents));
  }
  return step;
}

}  // namespace

Step kronecker_forward_step(const MapDesc& desc, const MapState& state, BufferId z, BufferId theta,
                            BufferId kept_u) {
  const bool based = state.base != kNoBuffer, keeps = kept_u != kNoBuffer;
  Step step = pass("map.kronecker.forward", desc, state, 1 + based + keeps);
  step.reads.push_back(z);
  step.writes = {theta};
  if (based) step.reads.push_back(state.base);
  if (keeps) step.writes.push_back(kept_u);
  return step;
}

Step kronecker_backward_step(const MapDesc& desc, const MapState& state, BufferId z,
                             BufferId dtheta, BufferId dz) {
  const bool sloped = state.u != kNoBuffer;
  Step step = pass("map.kronecker.backward", desc, state, sloped ? 2 : 1);
  step.reads.insert(step.reads.end(), {z, dtheta});
  step.writes = {dz};
  if (sloped) step.reads.push_back(state.u);
  return step;
}

}  // namespace mapnet
