#pragma once

#include <cstddef>

#include "device/cpu/vec16.hpp"

namespace mapnet::cpu {

/// sums [block] = sum over pixels of x [pixels, block], `block` a divisor of 16: the channels of
/// one plane of a Tensor. The order of the additions depends on the shape alone.
MAPNET_INLINE void sum_pixels(float* sums, const float* x, std::size_t pixels, std::size_t block) {
  // Sixteen values are whole pixels, so lane l of any sixteen is a value of channel l % block.
  const std::size_t n = pixels * block;
  v16f parts[4] = {}, v;
  std::size_t i = 0;
  for (; i + 64 <= n; i += 64)
    for (std::size_t k = 0; k < 4; ++k) {
      load(v, x + i + 16 * k);
      parts[k] += v;
    }
  for (; i + 16 <= n; i += 16) {
    load(v, x + i);
    parts[0] += v;
  }
  float lanes[16];
  store(lanes, (parts[0] + parts[1]) + (parts[2] + parts[3]));
  for (std::size_t l = 0; i < n; ++i, ++l) lanes[l] += x[i];
  for (std::size_t half = 8; half >= block; half /= 2)
    for (std::size_t l = 0; l < half; ++l) lanes[l] += lanes[l + half];
  for (std::size_t l = 0; l < block; ++l) sums[l] = lanes[l];
}

}  // namespace mapnet::cpu
