#pragma once

#include <cstddef>
#include <cstdint>

#include "device/random.hpp"

/// Many draws of random_normals at once: the same bits, several times as fast.
namespace mapnet::cpu {

/// out [4 n]: draws first ... first + n - 1 of a stream.
void draw_normals(float* out, std::size_t n, std::uint64_t seed, Stream stream, std::uint64_t first,
                  std::uint32_t block = 0);

/// Rows of the seeded Gaussian A [rows, d] that a dense map is made of, drawn when asked for.
struct GaussianRows {
  std::uint64_t seed = 0;
  std::uint32_t block = 0;
  const std::uint32_t* round = nullptr;  ///< or null: see draw_block
  std::size_t d = 0;

  /// out [d] = row `row`.
  void draw(float* out, std::size_t row) const;
};

}  // namespace mapnet::cpu
