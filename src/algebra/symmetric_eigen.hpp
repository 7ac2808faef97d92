#pragma once

#include "algebra/square_matrix.hpp"

namespace mapnet {

struct Eigen {
  std::vector<double> values;  ///< the largest first
  SquareMatrix vectors;        ///< row i belongs to value i, of length 1
};

/// The most rows: LAPACK counts the 1 + 6 n + 2 n^2 numbers that dsyevd works with in 32 bits.
inline constexpr std::size_t kMostEigenRows = 32'766;

/// Of a symmetric matrix, by LAPACK; its upper triangle alone is read. Throws Error where that does
/// not converge, or in a build without it (MAPNET_CPU=OFF).
Eigen symmetric_eigen(SquareMatrix matrix);

}  // namespace mapnet
