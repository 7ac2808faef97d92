#include "device/cpu/normals.hpp"

#include <algorithm>
#include <cmath>

#include "device/host_device.hpp"
#include "device/map_tiles.hpp"
#include "device/math.hpp"

namespace mapnet::cpu {

namespace {

constexpr std::size_t kLanes = 16;

/// random_normals of sixteen draws, value by value: lanes are vectorised where single draws are
/// not. Flattened, so that what it calls is compiled for its level too.
MAPNET_CPU_LEVELS __attribute__((flatten)) void draw_lanes(float* out, std::uint64_t seed,
                                                           Stream stream, std::uint64_t first,
                                                           std::uint32_t block) {
  std::uint32_t words[4][kLanes];
  for (std::size_t i = 0; i < kLanes; ++i) {
    const auto w = random_words(seed, stream, first + i, block);
    for (std::size_t k = 0; k < 4; ++k) words[k][i] = w[k];
  }
  float normals[4][kLanes];
  for (std::size_t pair = 0; pair < 2; ++pair)
    for (std::size_t i = 0; i < kLanes; ++i)
      box_muller(words[2 * pair][i], words[2 * pair + 1][i], normals[2 * pair][i],
                 normals[2 * pair + 1][i]);
  for (std::size_t i = 0; i < kLanes; ++i)
    for (std::size_t k = 0; k < 4; ++k) out[4 * i + k] = normals[k][i];
}

}  // namespace

void draw_normals(float* out, std::size_t n, std::uint64_t seed, Stream stream, std::uint64_t first,
                  std::uint32_t block) {
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) draw_lanes(out + 4 * i, seed, stream, first + i, block);
  for (; i < n; ++i) {
    const auto normals = random_normals(seed, stream, first + i, block);
    std::copy(normals.begin(), normals.end(), out + 4 * i);
  }
}

void GaussianRows::draw(float* out, std::size_t row) const {
  const std::size_t draws = (d + 3) / 4, whole = d / 4;
  const std::uint64_t first = row * draws;
  const std::uint32_t word = draw_block(block, round);
  draw_normals(out, whole, seed, Stream::map_gauss, first, word);
  if (whole == draws) return;
  const auto normals = random_normals(seed, Stream::map_gauss, first + whole, word);
  std::copy_n(normals.begin(), d - 4 * whole, out + 4 * whole);
}

}  // namespace mapnet::cpu
