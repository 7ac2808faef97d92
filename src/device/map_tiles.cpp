#include "device/map_tiles.hpp"

#include "common/error.hpp"

namespace mapnet {

MapCost map_cost(const Tiling& tiling, int row_values, int latent_values, double dense_bytes) {
  const auto rows = static_cast<double>(tiling.block.rows);
  const auto latents = static_cast<double>(tiling.block.latents);
  MapCost cost;
  cost.flops =
      dense_bytes > 0 ? 2.0 * rows * latents : rows * std::log2(static_cast<double>(tiling.points));
  cost.bytes = (rows * row_values + latents * latent_values) * sizeof(float) + dense_bytes;
  return cost;
}

bool rows_have_unit_norm(const MapDesc& desc) {
  if (desc.kind != MapKind::hadamard) return false;
  for (const MapBlock& block : desc.blocks)
    if (block.latents != hadamard_points(block.latents)) return false;
  return true;
}

void add_base(Schedule& schedule, const MapDesc& desc, MapState& state) {
  const std::size_t P = desc.target_size();
  if (desc.refreshed) {  // the arena begins as zeros
    state.round = schedule.persistent_buffer("map.round", "map", sizeof(std::uint32_t));
    state.base = schedule.persistent_buffer("map.base", "map", P * sizeof(float));
  } else if (desc.random_base) {
    state.base = schedule.buffer("map.base", "map", P * sizeof(float));
  }
  if (desc.random_base)
    fill_normal(schedule, "map.base", state.base, P, desc.seed, Stream::base, 1.0f, desc.scales);
}

void fail_dependent(const MapBlock& block, int stopped_at) {
  fail(
      "map {}: {} columns of {} rows are too close to dependent to orthonormalise "
      "(Cholesky stopped at {}); use fewer latents or the hadamard map",
      block.name, block.latents, block.rows, stopped_at);
}

}  // namespace mapnet
