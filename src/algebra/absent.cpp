#include "algebra/products.hpp"
#include "algebra/symmetric_eigen.hpp"
#include "common/error.hpp"

namespace mapnet {

namespace {

[[noreturn]] void refuse() {
  fail(
      "this mapnet was built for CUDA only; learned maps and figures of trajectories need a build "
      "with LAPACKE");
}

}  // namespace

Eigen symmetric_eigen(SquareMatrix) { refuse(); }
AlgebraThreads::AlgebraThreads(int) { refuse(); }
AlgebraThreads::~AlgebraThreads() = default;
void add_gram_of_rows(SquareMatrix&, std::span<const double>, std::size_t) { refuse(); }
void add_gram_of_columns(SquareMatrix&, std::span<const double>, std::size_t) { refuse(); }
void multiply_transposed(std::span<double>, std::span<const double>, std::span<const double>,
                         std::size_t, std::size_t) {
  refuse();
}
bool cholesky(SquareMatrix&) { refuse(); }
void divide_by_upper(std::span<double>, const SquareMatrix&) { refuse(); }

}  // namespace mapnet
