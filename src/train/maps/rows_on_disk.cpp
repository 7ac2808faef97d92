#include "train/maps/rows_on_disk.hpp"

#include <algorithm>

namespace mapnet {

RowsOnDisk::RowsOnDisk(std::size_t rows, std::size_t columns)
    : rows_(rows), columns_(columns), file_("what a map is learned from", rows * columns * 4) {
  static_assert(sizeof(float) == 4);
}

void RowsOnDisk::write(std::size_t row, std::span<const float> values) const {
  file_.write(row * columns_ * sizeof(float), std::as_bytes(values));
}

void RowsOnDisk::read(std::size_t first, std::size_t n, std::span<double> to) const {
  std::vector<float> stretch(n);
  for (std::size_t row = 0; row < rows_; ++row) {
    file_.read((row * columns_ + first) * sizeof(float),
               std::as_writable_bytes(std::span(stretch)));
    std::ranges::copy(stretch, to.begin() + static_cast<std::ptrdiff_t>(row * n));
  }
}

}  // namespace mapnet
