#pragma once

#include "device/ops/map.hpp"

/// What both twins of the Kronecker map agree on: u = sqrt(rows cols / latents) U Z V^T, a matrix
/// of theta at a time, so that z ~ N(0, 1) gives u ~ N(0, 1) on average as for every other map.
namespace mapnet {

/// The factor before U Z V^T.
float kronecker_scale(const KroneckerMatrix& matrix);

/// Adds the buffers of U and V of each matrix, its owner's to fill: U [rows, left], V [cols,
/// right].
void add_kronecker_factors(Schedule& schedule, const MapDesc& desc, MapState& state);

/// Of all matrices, a pass.
struct KroneckerCost {
  double flops = 0, bytes = 0;
};
KroneckerCost kronecker_cost(const MapDesc& desc, int row_values);

/// Floats of work a pass takes for one matrix: Z V^T or U^T G [left, cols], and Z [left, right].
constexpr std::size_t kronecker_work(const KroneckerMatrix& m) {
  return m.left * (m.cols + m.right);
}

}  // namespace mapnet
