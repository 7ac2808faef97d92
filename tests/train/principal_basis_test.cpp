#include "train/maps/principal_basis.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <numbers>
#include <vector>

/// Principal directions of rows that are given.
using namespace mapnet;

namespace {

/// Entry j of the k-th of n vectors at right angles, a discrete cosine transform's.
double cosine(std::size_t j, std::size_t k, std::size_t n) {
  const double scale = std::sqrt((k == 0 ? 1.0 : 2.0) / static_cast<double>(n));
  return scale * std::cos(std::numbers::pi * (static_cast<double>(j) + 0.5) *
                          static_cast<double>(k) / static_cast<double>(n));
}

/// Makes the Gram matrix of the rows have eigenvalues from 1 down to `least`, evenly on a
/// logarithmic scale.
void write_spectrum(const RowsOnDisk& on_disk, double least) {
  const std::size_t rows = on_disk.rows(), columns = on_disk.columns();
  std::vector<float> row(columns);
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < columns; ++j) {
      double sum = 0;
      for (std::size_t k = 0; k < rows; ++k) {
        const double share = static_cast<double>(k) / static_cast<double>(rows - 1);
        sum += cosine(i, k, rows) * std::pow(least, share / 2) * cosine(j, k + 1, columns);
      }
      row[j] = static_cast<float>(sum);
    }
    on_disk.write(i, row);
  }
}

}  // namespace

// Directions of little share hold, by the rounding of their sums in double, some of the large ones.
// W itself is rounded to float32, 2^-24 of each product, and a column's squares add up to 1.
BOOST_AUTO_TEST_CASE(directions_of_little_share_are_orthonormal_too) {
  constexpr std::size_t kRows = 24, kColumns = 500;
  MapBlock block;
  block.rows = kColumns;
  block.latents = kRows;
  for (const double least : {1e-4, 1e-7, 3e-10}) BOOST_TEST_CONTEXT("least share " << least) {
      const RowsOnDisk rows(kRows, kColumns);
      write_spectrum(rows, least);
      std::vector<double> W;
      principal_basis(rows, block, 1, [&](std::size_t, std::span<const float> w) {
        W.insert(W.end(), w.begin(), w.end());
      });
      BOOST_REQUIRE(W.size() == kColumns * kRows);
      double worst = 0;
      for (std::size_t a = 0; a < kRows; ++a)
        for (std::size_t b = 0; b <= a; ++b) {
          double dot = a == b ? -1 : 0;
          for (std::size_t j = 0; j < kColumns; ++j) dot += W[j * kRows + a] * W[j * kRows + b];
          worst = std::max(worst, std::abs(dot));
        }
      BOOST_TEST(worst < 0x1p-24);
    }
}
