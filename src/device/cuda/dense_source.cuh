#pragma once

#include <cuda_runtime.h>

#include <algorithm>
#include <memory>

#include "device/cuda/gpu.hpp"
#include "device/cuda/launch.hpp"
#include "device/cuda/pinned_rows.hpp"
#include "device/map_tiles.hpp"

/// Where the rows of a block's dense map come from: the GPU's memory, the host's, or the seed.
namespace mapnet::cuda {

/// Rows first ... first + n of the seeded Gaussian A [rows, d], as the CPU draws them, into chunk
/// [n, ld], zeros beyond d. Enqueues it.
struct DrawnRows {
  std::uint64_t seed = 0;
  std::uint32_t block = 0;
  const std::uint32_t* round = nullptr;  ///< or null: see draw_block
  std::size_t d = 0, ld = 0;

  void draw(cudaStream_t stream, float* chunk, std::size_t first, std::size_t n) const;
};

/// A block's W wherever it is; regenerated in chunks of as many rows as fill 16 MiB. Where it is
/// regenerated its rows are A's, W = A R^-1: z is divided by R before the products, dz behind them.
struct DenseSource {
  MapKind kind = MapKind::dense;
  MapStorage storage = MapStorage::memory;
  std::size_t rows = 0, chunk_rows = 0;
  const void* W = nullptr;                       ///< [rows, ld] where it is not regenerated
  std::shared_ptr<PinnedRows> pinned = nullptr;  ///< keeps W where it is streamed
  DrawnRows drawn = {};
  float* chunk = nullptr;    ///< [chunk_rows, ld]
  const float* r = nullptr;  ///< [d, d]
  void* workspace = nullptr;
  std::shared_ptr<Blas> blas = nullptr;

  bool regenerated() const { return storage == MapStorage::regenerated; }
  std::size_t chunks() const { return (rows + chunk_rows - 1) / chunk_rows; }

  /// use(W or A from row `first` on, first, how many) for all rows, in order.
  template <class Use>
  void each(cudaStream_t stream, const Use& use) const {
    if (!regenerated()) return use(W, std::size_t{0}, rows);
    for (std::size_t first = 0; first < rows; first += chunk_rows) {
      const std::size_t n = std::min(chunk_rows, rows - first);
      drawn.draw(stream, chunk, first, n);
      use(static_cast<const void*>(chunk), first, n);
    }
  }
  /// x [d] = R^-1 x, or R^-T x; nothing where rows are W's.
  void divide(float* x, bool transposed) const {
    if (regenerated()) solve_upper(*blas, r, x, static_cast<int>(drawn.d), transposed, workspace);
  }
};

/// The buffers behind it, and what binds them.
class DenseSourceBuffers {
 public:
  /// None but for a dense map.
  DenseSourceBuffers(Schedule& schedule, const MapDesc& desc, const MapState& state,
                     std::size_t index, const std::string& step);

  /// What the step reads, but for the round, which it reads for other reasons too, what that costs,
  /// and whether it can be recorded.
  void touch(Step& step) const;
  DenseSource bind(const Memory& memory) const;
  double bytes() const { return bytes_; }  ///< that a pass moves
  std::size_t chunks() const { return source_.chunks(); }
  std::size_t chunk_rows() const { return source_.chunk_rows; }

 private:
  DenseSource source_;
  BufferId stored_ = kNoBuffer, chunk_ = kNoBuffer, workspace_ = kNoBuffer, round_ = kNoBuffer;
  double bytes_ = 0;
  bool recordable_ = true;
};

}  // namespace mapnet::cuda
