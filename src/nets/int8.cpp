#include "nets/int8.hpp"

#include <algorithm>
#include <cmath>

#include "device/ops/fake_quantize.hpp"

namespace mapnet {

namespace {

/// Of each row of a weight, the largest magnitude.
std::vector<float> row_ranges(std::span<const float> weight, std::size_t rows) {
  const std::size_t length = weight.size() / rows;
  std::vector<float> ranges(rows);
  for (std::size_t i = 0; i < weight.size(); ++i)
    ranges[i / length] = std::max(ranges[i / length], std::abs(weight[i]));
  return ranges;
}

std::size_t rows_of(const ParamTensor& tensor) { return static_cast<std::size_t>(tensor.shape[0]); }

}  // namespace

Int8Weight quantize_weight(std::span<const float> weight, std::size_t rows) {
  const std::size_t length = weight.size() / rows;
  Int8Weight int8;
  int8.ranges = row_ranges(weight, rows);
  int8.q.resize(weight.size());
  for (std::size_t i = 0; i < weight.size(); ++i)
    int8.q[i] = static_cast<std::int8_t>(int8_integer(weight[i], int8.ranges[i / length]));
  return int8;
}

std::vector<float> int8_weights(std::span<const float> theta, const Network& net) {
  std::vector<float> rounded(theta.begin(), theta.end());
  for (const ParamTensor& p : net.params) {
    if (!p.is_weight()) continue;
    const std::span<float> weight = std::span(rounded).subspan(p.offset, p.size);
    const std::vector<float> ranges = row_ranges(weight, rows_of(p));
    const std::size_t length = p.size / ranges.size();
    for (std::size_t i = 0; i < weight.size(); ++i)
      weight[i] = int8_rounded(weight[i], ranges[i / length]);
  }
  return rounded;
}

std::size_t weighted_layers(const Network& net) {
  return static_cast<std::size_t>(std::ranges::count_if(net.layers, &Layer::weighted));
}

std::size_t int8_bytes(const Network& net) {
  std::size_t bytes = (weighted_layers(net) + net.state_count()) * sizeof(float);
  for (const ParamTensor& p : net.params)
    bytes += !p.is_weight() ? p.size * sizeof(float) : p.size + rows_of(p) * sizeof(float);
  return bytes;
}

}  // namespace mapnet
