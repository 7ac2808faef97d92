#include "algebra/products.hpp"

#include <cblas.h>
#include <lapacke.h>

namespace mapnet {

AlgebraThreads::AlgebraThreads(int threads) { openblas_set_num_threads(threads); }
AlgebraThreads::~AlgebraThreads() { openblas_set_num_threads(1); }

void add_gram_of_rows(SquareMatrix& gram, std::span<const double> a, std::size_t n) {
  cblas_dsyrk(CblasRowMajor, CblasUpper, CblasNoTrans, int(gram.n), int(n), 1.0, a.data(), int(n),
              1.0, gram.values.data(), int(gram.n));
}

void add_gram_of_columns(SquareMatrix& gram, std::span<const double> a, std::size_t m) {
  cblas_dsyrk(CblasRowMajor, CblasUpper, CblasTrans, int(gram.n), int(m), 1.0, a.data(),
              int(gram.n), 1.0, gram.values.data(), int(gram.n));
}

void multiply_transposed(std::span<double> c, std::span<const double> a, std::span<const double> b,
                         std::size_t n, std::size_t d) {
  const std::size_t m = b.size() / d;
  cblas_dgemm(CblasRowMajor, CblasTrans, CblasTrans, int(n), int(d), int(m), 1.0, a.data(), int(n),
              b.data(), int(m), 0.0, c.data(), int(d));
}

bool cholesky(SquareMatrix& gram) {
  // The upper triangle by rows is the lower one by columns, which LAPACKE makes no copy of.
  return LAPACKE_dpotrf(LAPACK_COL_MAJOR, 'L', int(gram.n), gram.values.data(), int(gram.n)) == 0;
}

void divide_by_upper(std::span<double> a, const SquareMatrix& r) {
  cblas_dtrsm(CblasRowMajor, CblasRight, CblasUpper, CblasNoTrans, CblasNonUnit,
              int(a.size() / r.n), int(r.n), 1.0, r.values.data(), int(r.n), a.data(), int(r.n));
}

}  // namespace mapnet
