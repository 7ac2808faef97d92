#pragma once

#include "device/map_tiles.hpp"
#include "device/random.hpp"

namespace mapnet::cuda {

/// Sign i of a stream whose tiles of 2^log_points points follow one another, drawn on the spot: for
/// passes that are rare, or have few points.
__device__ inline float sign_of(const SignStream& signs, int log_points, std::size_t i) {
  const std::size_t point = i & ((std::size_t{1} << log_points) - 1);
  const std::size_t draws = log_points < 7 ? 1 : std::size_t{1} << (log_points - 7);
  const auto words = random_words(signs.seed, signs.stream, (i >> log_points) * draws + point / 128,
                                  signs.block_word());
  const unsigned word = static_cast<unsigned>(point % 128 / 32);
  return (words[word] >> (point % 32)) & 1u ? -1.0f : 1.0f;
}

}  // namespace mapnet::cuda
