#include "train/maps/kronecker_factors.hpp"

#include <algorithm>

#include "algebra/products.hpp"
#include "algebra/symmetric_eigen.hpp"
#include "train/maps/rotation.hpp"

namespace mapnet {

namespace {

/// A matrix of the outputs with its bias beside it, [rows, cols].
void read_matrix(const KroneckerMatrix& m, std::span<const float> outputs, std::span<double> to) {
  const std::size_t n = m.weight_cols();
  for (std::size_t i = 0; i < m.rows; ++i) {
    double* row = &to[i * m.cols];
    std::copy_n(outputs.begin() + static_cast<std::ptrdiff_t>(m.offset + i * n), n, row);
    if (m.has_bias) row[n] = static_cast<double>(outputs[m.bias_offset + i]);
  }
}

/// The first `n` eigenvectors as columns [size, n], turned among one another.
std::vector<float> main_directions(SquareMatrix moments, std::size_t n, std::uint64_t seed,
                                   std::size_t which) {
  const std::size_t size = moments.n;
  const Eigen eigen = symmetric_eigen(std::move(moments));
  const SquareMatrix turn = random_rotation(n, seed, static_cast<std::uint32_t>(which));
  std::vector<double> columns(size * n);
  multiply_transposed(columns, std::span(eigen.vectors.values).first(n * size), turn.values, size,
                      n);
  return {columns.begin(), columns.end()};
}

struct Moments {
  SquareMatrix left, right;
};

}  // namespace

std::vector<KroneckerFactors> learn_factors(MapSource& source, const MapDesc& map,
                                            std::size_t sketches, std::uint64_t seed) {
  std::vector<Moments> moments;
  std::size_t largest = 0;
  for (const KroneckerMatrix& m : map.matrices) {
    moments.push_back({SquareMatrix(m.rows), SquareMatrix(m.cols)});
    largest = std::max(largest, m.rows * m.cols);
  }
  std::vector<float> outputs(source.outputs());
  std::vector<double> g(largest);
  for (std::size_t i = 0; i < sketches; ++i) {
    source.sketch(outputs);
    for (std::size_t k = 0; k < map.matrices.size(); ++k) {
      const KroneckerMatrix& m = map.matrices[k];
      const std::span<double> G = std::span(g).first(m.rows * m.cols);
      read_matrix(m, outputs, G);
      add_gram_of_rows(moments[k].left, G, m.cols);
      add_gram_of_columns(moments[k].right, G, m.rows);
    }
  }
  std::vector<KroneckerFactors> factors;
  for (std::size_t k = 0; k < map.matrices.size(); ++k)
    factors.push_back(
        {main_directions(std::move(moments[k].left), map.matrices[k].left, seed, 2 * k),
         main_directions(std::move(moments[k].right), map.matrices[k].right, seed, 2 * k + 1)});
  return factors;
}

}  // namespace mapnet
