#pragma once

#include <cstddef>
#include <span>

#include "algebra/square_matrix.hpp"

/// What principal directions take, in double, by BLAS: on one thread but within the scope of an
/// AlgebraThreads. Matrices are row-major. Throw Error in a build without it (MAPNET_CPU=OFF).
namespace mapnet {

/// For the duration of a scope. Elsewhere our own threads share the work, one BLAS call each.
class AlgebraThreads {
 public:
  explicit AlgebraThreads(int threads);
  ~AlgebraThreads();
  AlgebraThreads(const AlgebraThreads&) = delete;
  AlgebraThreads& operator=(const AlgebraThreads&) = delete;
};

/// gram [m, m] += A A^T; A [m, n]. The upper triangle alone.
void add_gram_of_rows(SquareMatrix& gram, std::span<const double> a, std::size_t n);

/// gram [n, n] += A^T A; A [m, n]. The upper triangle alone.
void add_gram_of_columns(SquareMatrix& gram, std::span<const double> a, std::size_t m);

/// C [n, d] = A^T B^T; A [m, n], B [d, m].
void multiply_transposed(std::span<double> c, std::span<const double> a, std::span<const double> b,
                         std::size_t n, std::size_t d);

/// gram, its upper triangle, becomes R with R^T R = gram. False where it is not positive definite.
bool cholesky(SquareMatrix& gram);

/// A [m, n] = A R^-1; R [n, n] upper.
void divide_by_upper(std::span<double> a, const SquareMatrix& r);

}  // namespace mapnet
