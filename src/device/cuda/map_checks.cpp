#include "device/cuda/map_checks.hpp"

#include "common/error.hpp"

namespace mapnet::cuda {

void check_points(const MapDesc& desc) {
  constexpr std::size_t kMostPoints = std::size_t{1} << 26;
  if (desc.kind != MapKind::hadamard && desc.modulation != Modulation::signed_) return;
  for (const MapBlock& block : desc.blocks)
    if (block.latents > kMostPoints)
      fail<UsageError>(
          "map {}: {} latents; on a GPU a Hadamard transform has up to {} points. Take fewer, "
          "--strategy lwt, --map dense, or --device cpu",
          block.name, block.latents, kMostPoints);
}

void fail_dependent(const std::string& block, std::size_t d, std::size_t rows, int stopped_at) {
  fail(
      "map {}: {} columns of {} rows are too close to dependent to orthonormalise (Cholesky "
      "stopped "
      "at {}); use fewer latents or the hadamard map",
      block, d, rows, stopped_at);
}

}  // namespace mapnet::cuda
