#pragma once

#include "device/ops/map.hpp"

/// rho_j = || w_j + 2 alpha s_j * z ||^2, what signed modulation makes of a row of the Jacobian,
/// for a Hadamard map W in O(P log d):
///
/// rho_j = || w_j ||^2 + 4 alpha sum_k w_jk s_jk z_k + 4 alpha^2 sum_k s_jk^2 z_k^2. Both sums are
/// products with the entrywise product of two Hadamard maps. The product of two entries of a
/// Sylvester matrix in one column is an entry of that column, H_ik H_lk = H_(i^l)k, so for a tile
/// W = H D1 H D0, S = H D3 H D2 the first is H (C * H D0 D2 z) with C_s = sum_i D1_i D3_(i^s), the
/// dyadic correlation of the outer signs, itself H ((H D1) * (H D3)) / m; likewise the second, and
/// || w_j ||^2 where columns are missing (d < m).
namespace mapnet {

/// [tiles, m] of each block: the correlations of its tiles, with the constant factors of the sums.
struct RowFactors {
  std::vector<BufferId> cross;   ///< of W's with S's outer signs
  std::vector<BufferId> square;  ///< of S's with themselves
};

/// Adds the setup steps. The map must be a Hadamard map with signed modulation.
RowFactors row_factors_setup(Schedule& schedule, const MapDesc& desc);

/// Adds the step of rho [P]. row_norms [P] as map_row_norms gives it, or kNoBuffer.
void row_factors_forward(Schedule& schedule, const MapDesc& desc, const RowFactors& factors,
                         BufferId row_norms, BufferId z, BufferId rho);

/// Adds the step dz [d] += (d rho / d z)^T weight; weight [P].
void row_factors_backward(Schedule& schedule, const MapDesc& desc, const RowFactors& factors,
                          BufferId z, BufferId weight, BufferId dz);

}  // namespace mapnet
