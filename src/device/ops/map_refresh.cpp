#include "device/ops/map_refresh.hpp"

namespace mapnet {

Step restart_step(const MapDesc& desc, const MapState& state, const RestartBuffers& b) {
  Step step;
  step.name = "map.restart";
  step.reads = {b.theta, b.z, state.round};
  step.writes = {state.base, b.z, state.round};
  for (const BufferId id : {b.m, b.v, b.history})
    if (id != kNoBuffer) step.writes.push_back(id);
  step.bytes = 2.0 * sizeof(float) * static_cast<double>(desc.target_size());
  return step;
}

std::size_t history_rows(const Schedule& schedule, const MapDesc& desc, const RestartBuffers& b) {
  if (b.history == kNoBuffer) return 0;
  return schedule.buffer_bytes(b.history) / (desc.latent_size() * sizeof(float));
}

}  // namespace mapnet
