#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "common/nameless_file.hpp"

namespace mapnet {

/// Rows of P floats on disk, written one by one and read a stretch of columns at a time: gradients
/// or snapshots that never all sit in memory.
class RowsOnDisk {
 public:
  /// Throws Error where the disk has no room for rows * columns floats.
  RowsOnDisk(std::size_t rows, std::size_t columns);

  std::size_t rows() const { return rows_; }
  std::size_t columns() const { return columns_; }
  void write(std::size_t row, std::span<const float> values) const;

  /// Columns first ... first + n of all rows as double [rows, n].
  void read(std::size_t first, std::size_t n, std::span<double> to) const;

 private:
  std::size_t rows_, columns_;
  NamelessFile file_;
};

}  // namespace mapnet
