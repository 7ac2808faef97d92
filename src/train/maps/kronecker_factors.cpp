#include "train/maps/kronecker_factors.hpp"

#include <algorithm>

#include "algebra/products.hpp"
#include "algebra/symmetric_eigen.hpp"
#include "common/error.hpp"

namespace mapnet {

namespace {

/// A matrix of a row's outputs with its bias beside it, [rows, cols].
void read_matrix(const KroneckerMatrix& m, std::span<const float> row, std::span<double> to) {
  const std::size_t n = m.weight_cols();
  for (std::size_t i = 0; i < m.rows; ++i) {
    double* line = &to[i * m.cols];
    std::copy_n(row.begin() + static_cast<std::ptrdiff_t>(m.offset + i * n), n, line);
    if (m.has_bias) line[n] = static_cast<double>(row[m.bias_offset + i]);
  }
}

/// The first `n` eigenvectors as columns [size, n].
std::vector<float> main_directions(SquareMatrix moments, std::size_t n) {
  const std::size_t size = moments.n;
  const Eigen eigen = symmetric_eigen(std::move(moments));
  std::vector<float> columns(size * n);
  for (std::size_t k = 0; k < n; ++k)
    for (std::size_t i = 0; i < size; ++i)
      columns[i * n + k] = static_cast<float>(eigen.vectors(k, i));
  return columns;
}

struct Moments {
  SquareMatrix left, right;
};

/// Of zeros alone LAPACK's directions would be any.
void require_moments(const Moments& moments, const KroneckerMatrix& m, std::size_t rows) {
  double squares = 0;
  for (std::size_t i = 0; i < moments.left.n; ++i) squares += moments.left(i, i);
  if (squares == 0)
    fail(
        "--map kronecker: expected something to learn for {}, found zeros alone in all {} "
        "gradients or snapshots; where the network normalises take a larger --map-batch, where its "
        "units are dead another --map-seed",
        m.name, rows);
}

}  // namespace

std::vector<KroneckerFactors> learn_factors(LearningRows& rows, const MapDesc& map, int threads) {
  std::vector<Moments> moments;
  std::size_t largest = 0;
  for (const KroneckerMatrix& m : map.matrices) {
    moments.push_back({SquareMatrix(m.rows), SquareMatrix(m.cols)});
    largest = std::max(largest, m.rows * m.cols);
  }
  std::vector<double> g(largest);
  rows.each([&](std::span<const float> row) {
    const AlgebraThreads together(threads);  // not while the network runs: its own call BLAS
    for (std::size_t k = 0; k < map.matrices.size(); ++k) {
      const KroneckerMatrix& m = map.matrices[k];
      const std::span<double> G = std::span(g).first(m.rows * m.cols);
      read_matrix(m, row, G);
      add_gram_of_rows(moments[k].left, G, m.cols);
      add_gram_of_columns(moments[k].right, G, m.rows);
    }
  });
  for (std::size_t k = 0; k < map.matrices.size(); ++k)
    require_moments(moments[k], map.matrices[k], rows.count());
  const AlgebraThreads together(threads);
  std::vector<KroneckerFactors> factors;
  for (std::size_t k = 0; k < map.matrices.size(); ++k)
    factors.push_back({main_directions(std::move(moments[k].left), map.matrices[k].left),
                       main_directions(std::move(moments[k].right), map.matrices[k].right)});
  return factors;
}

}  // namespace mapnet
