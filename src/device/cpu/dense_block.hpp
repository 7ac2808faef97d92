#pragma once

#include <cstddef>
#include <optional>

#include "common/nameless_file.hpp"
#include "device/cpu/dense_rows.hpp"
#include "device/cpu/normals.hpp"
#include "device/schedule.hpp"

namespace mapnet::cpu {

/// A block's W in a temporary file, which is opened once a step that uses it is bound.
class RowFile : public StreamedRows {
 public:
  explicit RowFile(std::size_t bytes) : bytes_(bytes) {}
  const NamelessFile& opened() {
    if (!file_) file_.emplace("fixed weights", bytes_);
    return *file_;
  }
  void write(std::size_t offset, std::span<const std::byte> bytes) override {
    opened().write(offset, bytes);
  }

 private:
  std::size_t bytes_;
  std::optional<NamelessFile> file_;
};

/// Products with a block's W [rows, ld], wherever its rows are. Those that are not in memory pass
/// through a chunk, one for each worker that may call at a time; bits are the same as of rows in
/// memory. Where they are regenerated they are A's, W = A R^-1, and before_forward and
/// after_backward divide by R what the products are with.
struct DenseBlock {
  /// A multiple of the rows that DenseRows takes at a time: sums run in the same order.
  static constexpr std::size_t kChunkRows = 16;

  MapKind kind = MapKind::dense;
  MapStorage storage = MapStorage::memory;
  std::size_t d = 0;
  const void* stored = nullptr;        ///< W, or R [d, d]; or null
  const NamelessFile* file = nullptr;  ///< W, where it is streamed
  GaussianRows gaussian = {};          ///< A, where W is regenerated
  std::byte* chunks = nullptr;         ///< [workers, chunk_bytes], unless W is in memory

  std::size_t row_bytes() const;

  /// z [ld] <- R^-1 z.
  void before_forward(float* z) const;
  /// u [rows] += scale * W[first ...] z; z [ld].
  void add_forward(float* u, const float* z, float scale, std::size_t first, std::size_t rows,
                   std::size_t worker) const;

  /// dz [ld] += W[first ...]^T g; g [rows].
  void add_backward(float* dz, const float* g, std::size_t first, std::size_t rows,
                    std::size_t worker) const;
  /// dz [ld] <- R^-T dz, the sum of all rows.
  void after_backward(float* dz) const;

 private:
  const void* rows_at(std::size_t first, std::size_t n, std::size_t worker) const;
};

/// The buffers of one block's products, and what binds them.
struct DenseBlockBuffers {
  /// None but for a dense map.
  DenseBlockBuffers(Schedule& schedule, const MapDesc& desc, const MapState& state,
                    std::size_t index, const std::string& step, std::size_t workers);

  /// What the step reads, but for the round, which it reads for other reasons too, and what that
  /// costs.
  void touch(Step& step) const;
  DenseBlock bind(const Memory& memory) const;

  DenseBlock block = {};
  BufferId stored = kNoBuffer, chunks = kNoBuffer, round = kNoBuffer;
  std::shared_ptr<StreamedRows> streamed;
  double bytes = 0;  ///< that a pass moves, of memory or of a file
};

}  // namespace mapnet::cpu
