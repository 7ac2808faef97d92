#include "device/cuda/checks.hpp"

#include "common/error.hpp"

namespace mapnet::cuda {

void require_layout(const std::string& name, const Tensor& x, int channel_block) {
  if (x.channel_block != channel_block)
    fail("{}: on a GPU all tensors are plain, they cannot have {} channels innermost", name,
         channel_block == 1 ? x.channel_block : channel_block);
}

void require_window(const std::string& name, int window) {
  constexpr int kMostWindow = 16;
  if (window > kMostWindow)
    fail("{}: a pooling window has at most {} rows on a GPU, not {}", name, kMostWindow, window);
}

void require_points(const MapDesc& desc) {
  constexpr std::size_t kMostPoints = std::size_t{1} << 26;
  if (desc.kind != MapKind::hadamard && desc.modulation != Modulation::signed_) return;
  for (const MapBlock& block : desc.blocks)
    if (block.latents > kMostPoints)
      fail<UsageError>(
          "map {}: {} latents; on a GPU a Hadamard transform has up to {} points. Take fewer, "
          "--strategy lwt, --map dense, or --device cpu",
          block.name, block.latents, kMostPoints);
}

void require_matrices(const MapDesc& desc) {
  constexpr std::size_t kMostValues = std::size_t{1} << 31;
  for (const KroneckerMatrix& m : desc.matrices)
    if (m.rows * m.cols > kMostValues)
      fail<UsageError>(
          "map {}: a matrix [{}, {}]; on a GPU one of a Kronecker map has up to {} values. Take "
          "another map, or --device cpu",
          m.name, m.rows, m.cols, kMostValues);
}

}  // namespace mapnet::cuda
