#include "train/standardise.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace mapnet {

void standardise(std::span<float> values, std::size_t n, std::span<const std::uint32_t> samples) {
  std::vector<std::uint32_t> rows(samples.begin(), samples.end());
  std::ranges::sort(rows);
  // Welford 1962, a column a place.
  std::vector<double> mean(n), squares(n);
  double seen = 0;
  for (const std::size_t row : rows) {
    ++seen;
    for (std::size_t i = 0; i < n; ++i) {
      const double x = static_cast<double>(values[row * n + i]), apart = x - mean[i];
      mean[i] += apart / seen;
      squares[i] += apart * (x - mean[i]);
    }
  }
  std::vector<double> scale(n);
  for (std::size_t i = 0; i < n; ++i)
    if (squares[i] > 0) scale[i] = 1 / std::sqrt(squares[i] / seen);
  for (std::size_t at = 0; at < values.size(); at += n)
    for (std::size_t i = 0; i < n; ++i)
      values[at + i] =
          static_cast<float>((static_cast<double>(values[at + i]) - mean[i]) * scale[i]);
}

}  // namespace mapnet
