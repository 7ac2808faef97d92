#include "nets/int8.hpp"

#include <algorithm>
#include <cmath>

#include "device/ops/fake_quantize.hpp"

namespace mapnet {

std::vector<float> int8_weights(std::span<const float> theta, const Network& net) {
  std::vector<float> rounded(theta.begin(), theta.end());
  for (const ParamTensor& p : net.params) {
    if (!p.is_weight()) continue;
    const std::size_t length = p.size / static_cast<std::size_t>(p.shape[0]);
    for (std::size_t row = p.offset; row < p.offset + p.size; row += length) {
      float range = 0;
      for (const float w : theta.subspan(row, length)) range = std::max(range, std::abs(w));
      for (float& w : std::span(rounded).subspan(row, length)) w = int8_rounded(w, range);
    }
  }
  return rounded;
}

std::size_t weighted_layers(const Network& net) {
  return static_cast<std::size_t>(std::count_if(
      net.params.begin(), net.params.end(), [](const ParamTensor& p) { return p.is_weight(); }));
}

std::size_t int8_bytes(const Network& net) {
  std::size_t bytes = weighted_layers(net) * sizeof(float);
  for (const ParamTensor& p : net.params)
    bytes += !p.is_weight() ? p.size * sizeof(float)
                            : p.size + static_cast<std::size_t>(p.shape[0]) * sizeof(float);
  return bytes;
}

}  // namespace mapnet
