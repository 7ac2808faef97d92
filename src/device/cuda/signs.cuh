#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "device/map_tiles.hpp"
#include "device/math.hpp"

/// The seeded signs of a Hadamard map, 16 neighbouring points at a time.
namespace mapnet::cuda {

/// Draws that a block holds in shared memory: one a thread of its first 128, so that no thread of a
/// warp waits for another's. They serve several packs.
inline constexpr int kSignDraws = 128;

/// Fills words [4 kSignDraws]. Barriers are the caller's.
__device__ inline void draw_signs(std::uint32_t* words, const SignStream& signs,
                                  std::uint64_t first_draw) {
  if (threadIdx.x >= kSignDraws) return;
  const auto draw =
      random_words(signs.seed, signs.stream, first_draw + threadIdx.x, signs.block_word());
#pragma unroll
  for (unsigned k = 0; k < 4; ++k) words[4 * threadIdx.x + k] = draw[k];
}

/// The signs of points i ... i + 15 after the first draw's first in the low bits; i is a multiple
/// of 16, and 2^log_draw points share a draw.
__device__ inline std::uint32_t signs_at(const std::uint32_t* words, int i, int log_draw) {
  const int bit = i & ((1 << log_draw) - 1);
  return words[4 * (i >> log_draw) + (bit >> 5)] >> (bit & 31);
}

/// The same for points i ... of the one inner diagonal, drawn on the spot.
__device__ inline std::uint32_t inner_signs(const SignStream& signs, std::size_t i) {
  const auto draw = random_words(signs.seed, signs.stream, i >> 7, signs.block_word());
  const std::uint32_t low = i & 32 ? draw[1] : draw[0], high = i & 32 ? draw[3] : draw[2];
  return (i & 64 ? high : low) >> (i & 16);
}

/// x, negated where bit r of `signs` is set.
__device__ inline float flipped(float x, std::uint32_t signs, int r) {
  return math::bits_to_float(math::float_to_bits(x) ^ ((signs << (31 - r)) & 0x80000000u));
}

}  // namespace mapnet::cuda
