#include "train/maps/principal_basis.hpp"

#include <algorithm>
#include <cmath>

#include "algebra/products.hpp"
#include "algebra/symmetric_eigen.hpp"
#include "common/error.hpp"
#include "device/random.hpp"

namespace mapnet {

namespace {

/// Below this share of the largest eigenvalue a direction is made of rounding errors: of the sums
/// of squares, in double, its own has 1e-16 / 1e-10 and of the others' as much.
constexpr double kLeastShare = 1e-10;
/// Below this one what it has of the others', some 5e-16 / 1e-8, comes near float32's rounding.
constexpr double kExactShare = 1e-8;
constexpr std::size_t kChunkBytes = std::size_t{16} << 20;

/// How many columns of theta to take at a time.
std::size_t chunk_of(std::size_t values_a_column) {
  return std::max<std::size_t>(16, kChunkBytes / (values_a_column * sizeof(double)));
}

/// W = [A^T E | N] R^-1, a stretch of its rows at a time.
class Basis {
 public:
  Basis(const RowsOnDisk& rows, const MapBlock& block, std::uint64_t seed)
      : rows_(rows), block_(block), seed_(seed), mix_(block.latents * rows.rows()) {
    SquareMatrix gram(rows.rows());
    std::vector<double> chunk;
    each_chunk(rows.rows(), [&](std::size_t first, std::size_t n) {
      chunk.resize(rows.rows() * n);
      rows_.read(block_.theta_offset + first, n, chunk);
      add_gram_of_rows(gram, chunk, n);
    });
    const Eigen eigen = symmetric_eigen(std::move(gram));
    const std::size_t most = std::min(block.latents, rows.rows());
    while (found_ < most && eigen.values[found_] > kLeastShare * eigen.values[0]) ++found_;
    exact_ = found_ == block.latents && eigen.values[found_ - 1] > kExactShare * eigen.values[0];
    for (std::size_t k = 0; k < found_; ++k) {
      const double scale = 1.0 / std::sqrt(eigen.values[k]);
      for (std::size_t i = 0; i < rows.rows(); ++i)
        mix_[k * rows.rows() + i] = scale * eigen.vectors(k, i);
    }
  }

  void write(const TakeRows& take) const {
    const std::size_t d = block_.latents;
    if (!exact_) {  // what was filled in is at right angles to nothing yet
      SquareMatrix r(d);
      each_row([&](std::size_t, std::span<double> w) { add_gram_of_columns(r, w, w.size() / d); });
      if (!cholesky(r))
        fail(
            "map {}: {} directions of {} parameters are too close to dependent; take fewer latents",
            block_.name, d, block_.rows);
      return write_divided(&r, take);
    }
    write_divided(nullptr, take);
  }

 private:
  void each_chunk(std::size_t values, const auto& use) const {
    const std::size_t chunk = chunk_of(values);
    for (std::size_t first = 0; first < block_.rows; first += chunk)
      use(first, std::min(chunk, block_.rows - first));
  }

  void each_row(const auto& use) const {
    const std::size_t d = block_.latents, m = rows_.rows();
    std::vector<double> chunk, w;
    each_chunk(m + d, [&](std::size_t first, std::size_t n) {
      chunk.resize(m * n);
      w.resize(n * d);
      rows_.read(block_.theta_offset + first, n, chunk);
      multiply_transposed(w, chunk, mix_, n, d);
      for (std::size_t i = 0; i < n && found_ < d; ++i)
        fill(std::span(w).subspan(i * d, d), first + i);
      use(first, w);
    });
  }

  /// Directions nobody asked for, of unit length on average.
  void fill(std::span<double> row, std::size_t at) const {
    const double scale = 1.0 / std::sqrt(static_cast<double>(block_.rows));
    for (std::size_t k = found_; k < row.size(); ++k) {
      const std::uint64_t index = (block_.theta_offset + at) * row.size() + k;
      row[k] = scale * static_cast<double>(random_normal(seed_, Stream::learned_filling, index));
    }
  }

  void write_divided(const SquareMatrix* r, const TakeRows& take) const {
    std::vector<float> out;
    each_row([&](std::size_t first, std::span<double> w) {
      if (r) divide_by_upper(w, *r);
      out.assign(w.begin(), w.end());
      take(first, out);
    });
  }

  const RowsOnDisk& rows_;
  const MapBlock& block_;
  std::uint64_t seed_;
  std::vector<double> mix_;  // [d, rows]: eigenvectors over the roots of their values; 0 beyond
  std::size_t found_ = 0;    // directions that the rows have
  bool exact_ = false;       // they are all, and at right angles
};

}  // namespace

void principal_basis(const RowsOnDisk& rows, const MapBlock& block, std::uint64_t seed,
                     const TakeRows& take) {
  Basis(rows, block, seed).write(take);
}

}  // namespace mapnet
