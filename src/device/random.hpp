#pragma once

// Nothing here needs its generators on AES instructions, and their header costs each file that
// includes this one half a second.
#ifndef R123_USE_SSE
  #define R123_USE_SSE 0
#endif
#include <Random123/philox.h>

#include <array>
#include <cstdint>

#include "device/host_device.hpp"
#include "device/math.hpp"

/// Counter-based random numbers: whatever is fixed in a run is a pure function of (seed, stream,
/// counter), the same bits on every device and with any number of threads.
namespace mapnet {

/// What the numbers are for. Values are part of the latent file's meaning: never renumber.
enum class Stream : std::uint32_t {
  latent_init = 1,
  base = 2,              ///< the fixed offset b of eq. 21
  map_gauss = 3,         ///< dense map before orthonormalisation
  map_outer_signs = 4,   ///< Hadamard map: D_b, one a block of rows
  map_inner_signs = 5,   ///< Hadamard map: D_1
  modulation_outer = 6,  ///< the same for the modulation's second map S
  modulation_inner = 7,
  shuffle = 8,
  validation_split = 9,
  stability = 10,        ///< eq. 28's perturbations
  jacobian_probe = 11,   ///< signs of the smoothness estimator
  learned_filling = 12,  ///< directions of a learned map that nothing was learned for
  augmentation = 20,     ///< index: the step; block: the row of the batch
  head_init = 16,        ///< a fine-tuned network's new output layer
};

/// Four 32-bit words from Philox4x32-10 (Salmon et al. 2011). `index` and `block` number the draw
/// within the stream.
MAPNET_HOST_DEVICE inline std::array<std::uint32_t, 4> random_words(std::uint64_t seed,
                                                                    Stream stream,
                                                                    std::uint64_t index,
                                                                    std::uint32_t block = 0) {
  const r123::Philox4x32::ctr_type counter = {{static_cast<std::uint32_t>(index),
                                               static_cast<std::uint32_t>(index >> 32), block,
                                               static_cast<std::uint32_t>(stream)}};
  const r123::Philox4x32::key_type key = {
      {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)}};
  const r123::Philox4x32::ctr_type r = r123::Philox4x32()(counter, key);
  return {r[0], r[1], r[2], r[3]};
}

/// Two independent N(0, 1) values of two random words.
MAPNET_HOST_DEVICE inline void box_muller(std::uint32_t first, std::uint32_t second, float& x,
                                          float& y) {
  // u in (0, 1], v in [0, 1): 24 and 23 bits, exact in a float.
  const float u = (static_cast<float>(first >> 8) + 1.0f) * 0x1p-24f;
  const float v = static_cast<float>(second >> 9) * 0x1p-23f;
  const float radius = std::sqrt(-2.0f * math::log(u));
  const math::SinCos t = math::sincos(6.28318530717958648f * v);
  x = radius * t.cos;
  y = radius * t.sin;
}

/// Four independent N(0, 1) values by Box-Muller: element i of a stream is word i % 4 of index i
/// / 4.
MAPNET_HOST_DEVICE inline std::array<float, 4> random_normals(std::uint64_t seed, Stream stream,
                                                              std::uint64_t index,
                                                              std::uint32_t block = 0) {
  const std::array<std::uint32_t, 4> w = random_words(seed, stream, index, block);
  std::array<float, 4> x{};
  box_muller(w[0], w[1], x[0], x[1]);
  box_muller(w[2], w[3], x[2], x[3]);
  return x;
}

/// Element i of a stream alone.
MAPNET_HOST_DEVICE inline float random_normal(std::uint64_t seed, Stream stream, std::uint64_t i,
                                              std::uint32_t block = 0) {
  return random_normals(seed, stream, i / 4, block)[i % 4];
}

}  // namespace mapnet
