#include "mapping/mapping_loss.hpp"

#include "device/map_tiles.hpp"
#include "device/ops/add_scaled.hpp"
#include "device/ops/alignment.hpp"
#include "device/ops/jacobian_probe.hpp"

namespace mapnet {

namespace {

/// The map without modulation, activation and scales: sqrt(P / d) W, or S where `second`.
MapDesc linear_map(const MapDesc& desc, bool second) {
  MapDesc linear = desc;
  linear.modulation = Modulation::none;
  linear.activation = Activation::identity;
  linear.random_base = false;
  linear.refreshed = false;
  linear.own_modulator = false;
  linear.scales = {{0, desc.target_size(), 1.0f}};
  linear.second_map = second;
  if (second) linear.kind = MapKind::hadamard;
  return linear;
}

/// What `linear_map` keeps: the stored W, where there is one, is the map's own.
MapState linear_state(Schedule& schedule, const MapDesc& linear, const MapState& state) {
  MapDesc nothing_stored = linear;
  nothing_stored.kind = MapKind::hadamard;
  MapState own = map_setup(schedule, nothing_stored);
  if (is_stored(linear.kind)) own.dense = state.dense;
  return own;
}

}  // namespace

MappingLossSteps::MappingLossSteps(Schedule& schedule, const MapDesc& desc, MapState& state,
                                   Terms terms, BufferId loss, BufferId control)
    : desc_(desc), state_(&state), terms_(terms), loss_(loss), control_(control) {
  if (terms.alignment) {
    mean_w_ = mean_row(schedule, false);
    if (modulated()) mean_s_ = mean_row(schedule, true);
  }
  if (!terms.smoothness) return;
  state.want_u = desc.modulation == Modulation::scalar;
  if (modulated() && is_stored(desc.kind)) {
    linear_state_ = linear_state(schedule, linear_map(desc, false), state);
    second_state_ = linear_state(schedule, linear_map(desc, true), state);
    return;
  }
  row_norms_ = map_row_norms(schedule, desc, state);
  if (modulated()) factors_ = row_factors_setup(schedule, desc);
}

BufferId MappingLossSteps::mean_row(Schedule& schedule, bool second) const {
  const std::size_t P = desc_.target_size(), d = desc_.latent_size();
  MapDesc linear = linear_map(desc_, second);
  linear.scales.clear();
  for (const MapBlock& block : desc_.blocks)
    linear.scales.push_back(
        {block.theta_offset, block.rows, 1.0f / static_cast<float>(block.rows)});
  const MapState state = linear_state(schedule, linear, *state_);
  const std::string name = second ? "map.mean_s" : "map.mean_w";
  const BufferId ones = schedule.buffer(name + ".ones", "workspace", P * sizeof(float));
  const BufferId z = schedule.buffer(name + ".z", "workspace", d * sizeof(float));
  const BufferId mean = schedule.buffer(name, "map", d * sizeof(float));
  fill(schedule, name + ".ones", ones, 1.0f, P);
  fill(schedule, name + ".z", z, 0.0f, d);  // a linear map's adjoint does not look at it
  map_backward(schedule, linear, state, z, ones, mean);
  return mean;
}

void MappingLossSteps::add_to_dtheta(Schedule& schedule, BufferId z, BufferId dtheta) {
  if (!terms_.smoothness) return;
  if (modulated() && is_stored(desc_.kind)) return add_probe(schedule, z, dtheta);
  SmoothnessBuffers buffers;
  buffers.row_norms = row_norms_;
  buffers.dtheta = dtheta;
  buffers.loss = loss_;
  if (modulated()) {
    const std::size_t bytes = desc_.target_size() * sizeof(float);
    const BufferId rho = schedule.buffer("smoothness.rho", "workspace", bytes);
    row_weights_ = schedule.buffer("smoothness.weights", "workspace", bytes);
    row_factors_forward(schedule, desc_, factors_, row_norms_, z, rho);
    buffers.row_norms = rho;
    buffers.weight = row_weights_;
  }
  smoothness(schedule, "smoothness", desc_, *state_, buffers);
}

void MappingLossSteps::add_probe(Schedule& schedule, BufferId z, BufferId dtheta) {
  const std::size_t d = desc_.latent_size(), P = desc_.target_size();
  const auto buffer = [&](const char* name, std::size_t n) {
    return schedule.buffer(name, "workspace", n * sizeof(float));
  };
  probe_signs_ = buffer("smoothness.signs", d);
  const BufferId product = buffer("smoothness.product", d);
  const BufferId linear = buffer("smoothness.linear", P);
  probe_rows_ = buffer("smoothness.modulated", P);
  probe_latents(schedule, "smoothness.signs", z, probe_signs_, product, d, desc_.seed, control_);
  map_forward(schedule, linear_map(desc_, false), linear_state_, probe_signs_, linear, false);
  map_forward(schedule, linear_map(desc_, true), second_state_, product, probe_rows_, false);
  probe_rows(schedule, "smoothness", desc_, *state_, linear, probe_rows_, dtheta, loss_);
}

void MappingLossSteps::add_to_dz(Schedule& schedule, BufferId z, BufferId dz) {
  const std::size_t d = desc_.latent_size();
  if (terms_.smoothness && modulated()) {
    if (is_stored(desc_.kind)) {
      const BufferId gradient = schedule.buffer("smoothness.dz", "workspace", d * sizeof(float));
      map_backward(schedule, linear_map(desc_, true), second_state_, probe_signs_, probe_rows_,
                   gradient);
      probe_latents_backward(schedule, "smoothness.dz", probe_signs_, gradient, dz, d);
    } else {
      row_factors_backward(schedule, desc_, factors_, z, row_weights_, dz);
    }
  }
  if (terms_.alignment) alignment(schedule, "alignment", desc_, z, mean_w_, mean_s_, loss_, dz);
}

}  // namespace mapnet
