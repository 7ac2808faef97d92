#pragma once

#include <bit>
#include <cmath>
#include <utility>

#include "device/op_harness.hpp"
#include "device/ops/map.hpp"
#include "reference/map.hpp"

/// A fixed map written out entry by entry from its definition, and the ops that apply it.
namespace mapnet::test {

/// Each activation and its reference.
inline constexpr std::pair<Activation, reference::Activation> kActivations[] = {
    {Activation::identity, reference::Activation::identity},
    {Activation::tanh, reference::Activation::tanh},
    {Activation::sine, reference::Activation::sine}};

/// Entry (i, k) of the unnormalised Sylvester-Hadamard matrix.
inline double hadamard_entry(std::size_t i, std::size_t k) {
  return std::popcount(i & k) % 2 == 0 ? 1 : -1;
}

/// Sign number `i` of tile `tile`: bit i % 32 of word i / 32 of the tile's draws.
inline double sign_at(std::uint64_t seed, Stream stream, std::uint32_t block, std::size_t points,
                      std::size_t tile, std::size_t i) {
  const std::size_t draws = (points + 127) / 128;
  const auto words = random_words(seed, stream, tile * draws + i / 128, block);
  return (words[i % 128 / 32] >> (i % 32)) & 1 ? -1 : 1;
}

/// Rows of the Hadamard map with unit length on average: row r of tile t, column k is
/// sqrt(m / d) / m * sum_l H[r, l] D_t[l] H[l, k] D[k]. [rows, d] row-major.
/// H[r, l] H[l, k] = H[l, r ^ k], so that a tile has m different sums, each exact.
inline Vector hadamard_map(std::size_t rows, std::size_t d, std::uint64_t seed, Stream outer,
                           Stream inner, std::uint32_t block) {
  const std::size_t m = hadamard_points(d);
  const double scale = std::sqrt(double(m) / double(d)) / double(m);
  Vector W(rows * d), columns(d);
  for (std::size_t k = 0; k < d; ++k) columns[k] = sign_at(seed, inner, block, m, 0, k);
  for (std::size_t tile = 0; tile * m < rows; ++tile) {
    Vector sums(m);
    for (std::size_t l = 0; l < m; ++l) {
      const double sign = sign_at(seed, outer, block, m, tile, l);
      for (std::size_t x = 0; x < m; ++x) sums[x] += sign * hadamard_entry(l, x);
    }
    for (std::size_t r = 0; r < m && tile * m + r < rows; ++r)
      for (std::size_t k = 0; k < d; ++k)
        W[(tile * m + r) * d + k] = scale * sums[r ^ k] * columns[k];
  }
  return W;
}

/// One block of `rows` parameters from d latents, scale 1.
inline MapDesc one_block(MapKind kind, std::size_t rows, std::size_t d, std::uint64_t seed) {
  MapDesc desc;
  desc.kind = kind;
  desc.seed = seed;
  desc.blocks = {{"all", 0, rows, 0, d}};
  desc.scales = {{0, rows, 1.0f}};
  return desc;
}

/// theta and dz of a map on given z and dtheta.
struct MapRun {
  Vector theta, dz;
  std::vector<Vector> dense;  // a block's stored W [rows, d], without the row padding
};

inline MapRun run_map(const MapDesc& desc, const Vector& z, const Vector& dtheta,
                      int n_threads = 2) {
  OpHarness h(n_threads);
  const BufferId zb = h.input(z), dt = h.input(dtheta);
  const BufferId theta = h.output(dtheta.size()), dz = h.output(z.size());
  h.schedule.begin(Phase::setup);
  MapState state = map_setup(h.schedule, desc);
  h.schedule.begin(Phase::train);
  map_forward(h.schedule, desc, state, zb, theta, true);
  map_backward(h.schedule, desc, state, zb, dt, dz);
  h.run();
  MapRun run{h.read(theta, dtheta.size()), h.read(dz, z.size()), {}};
  if (desc.storage != MapStorage::memory) return run;  // W is nowhere to be read
  for (std::size_t i = 0; i < state.dense.size(); ++i) {
    const std::size_t rows = desc.blocks[i].rows, d = desc.blocks[i].latents;
    const std::size_t ld = dense_row_length(d);
    std::vector<float> floats;
    std::vector<std::uint16_t> halves;
    if (desc.kind == MapKind::dense)
      floats = h.read_all<float>(state.dense[i], rows * ld);
    else
      halves = h.read_all<std::uint16_t>(state.dense[i], rows * ld);
    Vector W;
    for (std::size_t r = 0; r < rows; ++r)
      for (std::size_t k = 0; k < d; ++k) {
        const std::size_t index = r * ld + k;
        W.push_back(static_cast<double>(
            desc.kind == MapKind::dense ? floats[index] : math::from_bf16(halves[index])));
      }
    run.dense.push_back(std::move(W));
  }
  return run;
}

/// Largest |(W^T W - I)_ik| for W [rows, d].
inline double orthonormality_error(const Vector& W, std::size_t rows, std::size_t d) {
  double worst = 0;
  for (std::size_t i = 0; i < d; ++i)
    for (std::size_t k = i; k < d; ++k) {
      double sum = 0;
      for (std::size_t r = 0; r < rows; ++r) sum += W[r * d + i] * W[r * d + k];
      worst = std::max(worst, std::abs(sum - (i == k ? 1.0 : 0.0)));
    }
  return worst;
}

}  // namespace mapnet::test
