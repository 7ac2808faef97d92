#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "device/host_device.hpp"
#include "device/ops/map.hpp"

/// How a map block is walked: in tiles of m rows, m the points of the block's Hadamard
/// transform. A tile of a Hadamard map is Q_t = H D_t H D / m, orthogonal, of which the first d
/// columns are used; the tiles stacked and scaled by sqrt(m / P) are W. A dense map is walked in
/// the same tiles.
namespace mapnet {

/// The block word of what a map block draws: in round r of a run that refreshes its map, block +
/// 2^16 r. `round` is null where there is but one round, whose draws are those of round 0.
MAPNET_HOST_DEVICE inline std::uint32_t draw_block(std::uint32_t block,
                                                   const std::uint32_t* round) {
  return round ? block + (*round << 16) : block;
}

/// Which signs: the diagonal of tile `tile` of map block `block` in `stream`. Sign i of a tile is
/// bit i % 32 of word i / 32 of its random words (four words a draw, ceil(m / 128) draws a tile,
/// tile after tile); a set bit is -1.
struct SignStream {
  std::uint64_t seed;
  Stream stream;
  std::uint32_t block;
  const std::uint32_t* round = nullptr;  ///< an address of the device: known when a step is bound

  MAPNET_HOST_DEVICE std::uint32_t block_word() const { return draw_block(block, round); }
};

struct Tiling {
  MapBlock block;
  std::size_t points = 0;  ///< m
  std::size_t tiles = 0;
  std::size_t groups = 0;  ///< runs of tiles whose gradients are summed apart, then in order
  SignStream outer{}, inner{}, modulation_outer{}, modulation_inner{};

  void set_round(const std::uint32_t* round) {
    for (SignStream* s : {&outer, &inner, &modulation_outer, &modulation_inner}) s->round = round;
  }

  std::size_t rows_of(std::size_t tile) const {
    return std::min(points, block.rows - tile * points);
  }
  /// Scale that gives sqrt(P / d) W rows of unit length: for a tile sqrt(m / d) Q_t, where H D_t H
  /// D without the 1 / m is what the transforms compute.
  float hadamard_scale() const {
    const double m = static_cast<double>(points), d = static_cast<double>(block.latents);
    return static_cast<float>(std::sqrt(m / d) / m);
  }
  float dense_scale() const {
    return static_cast<float>(
        std::sqrt(static_cast<double>(block.rows) / static_cast<double>(block.latents)));
  }
};

/// `max_groups`: how many can share the backward pass.
inline Tiling tile_block(const MapDesc& desc, std::size_t index, std::size_t max_groups) {
  Tiling t;
  t.block = desc.blocks[index];
  t.points = hadamard_points(t.block.latents);
  t.tiles = (t.block.rows + t.points - 1) / t.points;
  t.groups = std::min(t.tiles, max_groups);
  const auto number = static_cast<std::uint32_t>(index);
  t.modulation_outer = {desc.seed, Stream::modulation_outer, number};
  t.modulation_inner = {desc.seed, Stream::modulation_inner, number};
  t.outer = {desc.seed, Stream::map_outer_signs, number};
  t.inner = {desc.seed, Stream::map_inner_signs, number};
  if (desc.second_map) t.outer = t.modulation_outer, t.inner = t.modulation_inner;
  return t;
}

/// Whether every row of sqrt(P / d) W has length 1: of a Hadamard map that uses all its points.
bool rows_have_unit_norm(const MapDesc& desc);

/// Adds what a map has whatever its kind: its base, and the round where it is refreshed.
void add_base(Schedule& schedule, const MapDesc& desc, MapState& state);

/// What a pass over one block takes, each value moved once: `row_values` floats read or written a
/// row and `latent_values` a latent, beside the stored W of `dense_bytes`, which is 0 for the
/// Hadamard map.
struct MapCost {
  double flops, bytes;
};
MapCost map_cost(const Tiling& tiling, int row_values, int latent_values, double dense_bytes);

/// Throws Error: a block's Gaussian cannot be orthonormalised, the Cholesky factorisation stopped
/// at column `stopped_at`.
[[noreturn]] void fail_dependent(const MapBlock& block, int stopped_at);

}  // namespace mapnet
