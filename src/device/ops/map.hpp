#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "device/ops/activation.hpp"
#include "device/random.hpp"
#include "device/schedule.hpp"

/// The fixed map of eq. 20-21: theta_j = scale_j * sigma(u_j) + base_j, u = modulated W z.
///
/// W [P, d] has orthonormal columns; what multiplies z is sqrt(P / d) W, whose rows have unit
/// length on average, so that z ~ N(0, 1) gives u ~ N(0, 1) whatever P and d. For layer-wise
/// training each block of theta has its own W and its own stretch of z.
namespace mapnet {

enum class MapKind {
  dense,       ///< W from CholeskyQR2 of a seeded Gaussian, stored as float32
  dense_bf16,  ///< the same rounded to bfloat16: half the memory and traffic
  hadamard,    ///< tiles of H D_t H D: nothing stored but seeds, O(P log d)
  kronecker,   ///< of each matrix of theta U (x) V, both stored: see kronecker.hpp
};

/// Where a dense map's W is from step to step.
enum class MapStorage {
  memory,       ///< all of it in the arena
  streamed,     ///< a few rows at a time from a temporary file, or to a GPU from the host's memory
  regenerated,  ///< nowhere: W = A R^-1, of which R [d, d] is kept and A drawn again each time
};

/// Whether a kind of map has a W that is stored somewhere.
constexpr bool is_stored(MapKind kind) {
  return kind == MapKind::dense || kind == MapKind::dense_bf16;
}

enum class Modulation {
  none,     ///< u = W z
  scalar,   ///< eq. 20 as written, w_ij + alpha z_i: u = W z + alpha ||z||^2
  signed_,  ///< Theorem 2's M(z) = B z, w_ij + alpha s_ij z_i: u = W z + alpha S (z*z)
};

/// One stretch of theta with the stretch of z that generates it.
struct MapBlock {
  std::string name;
  std::size_t theta_offset = 0, rows = 0;      ///< P
  std::size_t latent_offset = 0, latents = 0;  ///< d
};

/// scale_j over one parameter tensor.
struct RowScale {
  std::size_t offset = 0, rows = 0;
  float scale = 1;
};

/// One matrix of theta [rows, cols] as a Kronecker map generates it: U Z V^T, U [rows, left], V
/// [cols, right] with orthonormal columns, Z [left, right] filled row by row with `latents` values
/// of z, its last row perhaps in part. Of a weight with a bias the bias is the last column.
struct KroneckerMatrix {
  std::string name;
  std::size_t offset = 0;  ///< in theta, of its weight [rows, weight_cols]
  std::size_t rows = 0, cols = 0;
  bool has_bias = false;
  std::size_t bias_offset = 0;  ///< in theta
  std::size_t latent_offset = 0, latents = 0;
  std::size_t left = 0, right = 0;

  std::size_t weight_cols() const { return cols - (has_bias ? 1 : 0); }
};

struct MapDesc {
  MapKind kind = MapKind::hadamard;
  MapStorage storage = MapStorage::memory;  ///< of a dense map; of a bfloat16 one not regenerated
  Modulation modulation = Modulation::none;
  float alpha = 0;
  Activation activation = Activation::identity;
  float omega = 1;
  bool random_base = false;  ///< base_j = scale_j N(0, 1) from the seed; zero otherwise
  bool refreshed = false;    ///< the map may be drawn again: see map_refresh.hpp
  /// The modulating factor is a vector v [d] of its own, not z: the ops' z is (z | v) [2 d], and
  /// dz is (dz | dv). w_ij + alpha v_i: u = W z + alpha (v . z), or W z + alpha S (v*z).
  bool own_modulator = false;
  std::uint64_t seed = 0;
  bool second_map = false;                ///< the modulation's S in place of W; a Hadamard map
  bool given = false;                     ///< W is its owner's to write, not drawn from the seed
  std::vector<KroneckerMatrix> matrices;  ///< of a Kronecker map: cover theta; always given
  std::vector<MapBlock> blocks;           ///< cover theta in order, without gaps
  std::vector<RowScale> scales;           ///< likewise

  std::size_t target_size() const { return blocks.back().theta_offset + blocks.back().rows; }
  std::size_t latent_size() const { return blocks.back().latent_offset + blocks.back().latents; }
  /// From a latent to its modulating factor.
  std::size_t modulator_offset() const { return own_modulator ? latent_size() : 0; }
  /// Values trained: the latents, and the modulator where it is of its own.
  std::size_t value_size() const { return modulator_offset() + latent_size(); }
  /// d (z_k v_k) / d z_k over v_k: what v = z doubles.
  float modulator_power() const { return own_modulator ? 1.0f : 2.0f; }
};

/// A block's W outside the arena, as a device wants it.
struct StreamedRows {
  virtual ~StreamedRows() = default;
  /// Copies bytes to `offset` of it, of a map that is given. Throws Error.
  virtual void write(std::size_t offset, std::span<const std::byte> bytes) = 0;
};

/// What a map keeps between steps.
struct MapState {
  /// A block's W [rows, ld], ld = d rounded up to 16, zeros beyond d; where it is regenerated R
  /// [d, d], an upper triangle; where it is streamed nothing.
  std::vector<BufferId> dense;
  std::vector<std::shared_ptr<StreamedRows>> streamed;  ///< a block's W where it is
  std::vector<BufferId> left, right;                    ///< U and V of each matrix
  BufferId base = kNoBuffer;                            ///< [P] where random_base or refreshed
  BufferId round = kNoBuffer;   ///< uint32: how often the map was refreshed; where it may be
  BufferId scales = kNoBuffer;  ///< the description's RowScale table, on a GPU
  BufferId u = kNoBuffer;       ///< [P] pre-activations, where the slope of sigma needs them
  bool want_u = false;          ///< or a term of the loss
};

/// Whether a forward pass that a backward pass follows leaves its pre-activations.
constexpr bool keeps_u(const MapDesc& desc, const MapState& state) {
  return state.want_u || desc.activation != Activation::identity;
}

/// Adds the setup steps that build what `desc` stores, and its buffers. Of a map that is given
/// there are the buffers alone, float32, for their owner to fill behind the setup.
MapState map_setup(Schedule& schedule, const MapDesc& desc);

/// Adds the step theta [P] = map(z [d]). `keep_u` for a backward pass to follow.
void map_forward(Schedule& schedule, const MapDesc& desc, MapState& state, BufferId z,
                 BufferId theta, bool keep_u);

/// Adds the step dz [d] = (d theta / d z)^T dtheta. Sets dz.
void map_backward(Schedule& schedule, const MapDesc& desc, const MapState& state, BufferId z,
                  BufferId dtheta, BufferId dz);

/// Adds the setup step values [n] = scale_j N(0, 1) from (seed, stream); without scales, `stddev`.
void fill_normal(Schedule& schedule, const std::string& name, BufferId values, std::size_t n,
                 std::uint64_t seed, Stream stream, float stddev,
                 const std::vector<RowScale>& scales = {});

/// Points of the Hadamard transform that serves d latents: the power of two at least d, at
/// least 16.
constexpr std::size_t hadamard_points(std::size_t latents) {
  std::size_t m = 16;
  while (m < latents) m *= 2;
  return m;
}

/// Row length in memory of a stored dense map.
constexpr std::size_t dense_row_length(std::size_t latents) { return (latents + 15) / 16 * 16; }

/// Bytes of a block's dense map W.
constexpr std::size_t dense_bytes(MapKind kind, const MapBlock& block) {
  return block.rows * dense_row_length(block.latents) *
         (kind == MapKind::dense ? sizeof(float) : sizeof(std::uint16_t));
}

}  // namespace mapnet
