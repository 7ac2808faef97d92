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

KroneckerCost kronecker_cost(const MapDesc& desc, int row_values) {
  KroneckerCost cost;
  for (const KroneckerMatrix& m : desc.matrices) {
    const auto rows = static_cast<double>(m.rows), cols = static_cast<double>(m.cols);
    const auto left = static_cast<double>(m.left), right = static_cast<double>(m.right);
    cost.flops += 2.0 * left * cols * (right + rows);
    cost.bytes += sizeof(float) * (rows * left + cols * right + row_values * rows * cols +
                                   static_cast<double>(m.latents));
  }
  return cost;
}

}  // namespace mapnet
