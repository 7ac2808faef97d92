#include "device/cpu/dense_block.hpp"

#include <cblas.h>

#include <algorithm>

#include "device/map_tiles.hpp"

namespace mapnet::cpu {

namespace {

std::size_t chunk_bytes(std::size_t row_bytes) { return DenseBlock::kChunkRows * row_bytes; }

}  // namespace

std::size_t DenseBlock::row_bytes() const {
  return dense_row_length(d) * (kind == MapKind::dense ? sizeof(float) : sizeof(std::uint16_t));
}

const void* DenseBlock::rows_at(std::size_t first, std::size_t n, std::size_t worker) const {
  std::byte* chunk = chunks + worker * chunk_bytes(row_bytes());
  if (file) {
    file->read(first * row_bytes(), {chunk, n * row_bytes()});
    return chunk;
  }
  auto* row = reinterpret_cast<float*>(chunk);
  const std::size_t ld = dense_row_length(d);
  for (std::size_t i = 0; i < n; ++i, row += ld) {
    gaussian.draw(row, first + i);
    std::fill(row + d, row + ld, 0.0f);
  }
  return chunk;
}

void DenseBlock::add_forward(float* u, const float* z, float scale, std::size_t first,
                             std::size_t rows, std::size_t worker) const {
  const std::size_t ld = dense_row_length(d);
  if (!chunks) return DenseRows{kind, stored, ld}.add_forward(u, z, scale, first, rows);
  for (std::size_t i = 0; i < rows; i += kChunkRows) {
    const std::size_t n = std::min(kChunkRows, rows - i);
    DenseRows{kind, rows_at(first + i, n, worker), ld}.add_forward(u + i, z, scale, 0, n);
  }
}

void DenseBlock::add_backward(float* dz, const float* g, std::size_t first, std::size_t rows,
                              std::size_t worker) const {
  const std::size_t ld = dense_row_length(d);
  if (!chunks) return DenseRows{kind, stored, ld}.add_backward(dz, g, first, rows);
  for (std::size_t i = 0; i < rows; i += kChunkRows) {
    const std::size_t n = std::min(kChunkRows, rows - i);
    DenseRows{kind, rows_at(first + i, n, worker), ld}.add_backward(dz, g + i, 0, n);
  }
}

void DenseBlock::before_forward(float* z) const {
  if (storage == MapStorage::regenerated)
    cblas_strsv(CblasRowMajor, CblasUpper, CblasNoTrans, CblasNonUnit, int(d),
                static_cast<const float*>(stored), int(d), z, 1);
}

void DenseBlock::after_backward(float* dz) const {
  if (storage == MapStorage::regenerated)
    cblas_strsv(CblasRowMajor, CblasUpper, CblasTrans, CblasNonUnit, int(d),
                static_cast<const float*>(stored), int(d), dz, 1);
}

DenseBlockBuffers::DenseBlockBuffers(Schedule& schedule, const MapDesc& desc, const MapState& state,
                                     std::size_t index, const std::string& step,
                                     std::size_t workers) {
  if (!is_stored(desc.kind)) return;
  block.kind = desc.kind;
  block.storage = desc.storage;
  block.d = desc.blocks[index].latents;
  block.gaussian = {desc.seed, static_cast<std::uint32_t>(index), nullptr, block.d};
  round = state.round;
  bytes = static_cast<double>(dense_bytes(desc.kind, desc.blocks[index]));
  if (desc.storage == MapStorage::streamed)
    streamed = state.streamed[index];
  else
    stored = state.dense[index];
  if (desc.storage != MapStorage::memory)
    chunks = schedule.buffer(step + ".rows", "workspace", workers * chunk_bytes(block.row_bytes()));
}

void DenseBlockBuffers::touch(Step& step) const {
  if (stored != kNoBuffer) step.reads.push_back(stored);
  if (chunks != kNoBuffer) step.writes.push_back(chunks);
  if (block.storage == MapStorage::streamed) step.streamed_bytes = bytes;
  if (block.storage == MapStorage::regenerated) step.normals = bytes / sizeof(float);
}

DenseBlock DenseBlockBuffers::bind(const Memory& memory) const {
  DenseBlock bound = block;
  if (stored != kNoBuffer) bound.stored = memory.at<const std::byte>(stored);
  if (streamed) bound.file = &static_cast<RowFile&>(*streamed).opened();
  if (chunks != kNoBuffer) bound.chunks = memory.at<std::byte>(chunks);
  if (round != kNoBuffer) bound.gaussian.round = memory.at<const std::uint32_t>(round);
  return bound;
}

}  // namespace mapnet::cpu
