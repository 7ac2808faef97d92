#include "algebra/symmetric_eigen.hpp"

#include <lapacke.h>

#include <algorithm>

#include "common/error.hpp"

namespace mapnet {

Eigen symmetric_eigen(SquareMatrix matrix) {
  const std::size_t n = matrix.n;
  Eigen eigen{std::vector<double>(n), SquareMatrix(n)};
  const auto order = static_cast<lapack_int>(n);
  // Our upper triangle is Fortran's lower one; vectors come as Fortran's columns, so as our rows,
  // the smallest value first.
  const lapack_int info = LAPACKE_dsyevd(LAPACK_COL_MAJOR, 'V', 'L', order, matrix.values.data(),
                                         order, eigen.values.data());
  if (info != 0) fail("eigenvalues of a matrix of {} rows: LAPACK's dsyevd says {}", n, info);
  std::reverse(eigen.values.begin(), eigen.values.end());
  for (std::size_t i = 0; i < n; ++i)
    std::ranges::copy(matrix.row(n - 1 - i),
                      eigen.vectors.values.begin() + static_cast<std::ptrdiff_t>(i * n));
  return eigen;
}

}  // namespace mapnet
