#include "device/cuda/dense_source.cuh"

namespace mapnet::cuda {

namespace {

constexpr unsigned kThreads = 256;
constexpr std::size_t kChunkBytes = std::size_t{16} << 20;

// Chunks of a map beyond each block's first, each two kernels on 16 MiB, that are recorded in a
// phase's graph. A pass over more lasts so long that launching its kernels one by one costs nothing
// beside it, and its graph would take longer to make than it saves: of a ResNet-50 and 2,048
// latents it has 25,000 nodes a pass. A block's first chunk does not count: a block takes
// some kernels wherever its map is, and those of a small one last no longer than their launches.
constexpr std::size_t kMoreChunksRecorded = 256;

std::size_t rows_a_chunk(const MapBlock& block) {
  const std::size_t row_bytes = dense_row_length(block.latents) * sizeof(float);
  return std::clamp<std::size_t>(kChunkBytes / row_bytes, 1, block.rows);
}

/// Chunks beyond each block's first, of all blocks, which are walked in the same phases.
std::size_t more_chunks_of(const MapDesc& desc) {
  std::size_t more = 0;
  for (const MapBlock& block : desc.blocks) more += (block.rows - 1) / rows_a_chunk(block);
  return more;
}

__global__ void draw_kernel(float* chunk, std::size_t first, std::size_t n, DrawnRows rows) {
  const std::size_t d = rows.d, draws = (d + 3) / 4;  // a row
  const std::size_t of_row = (rows.ld + 3) / 4;       // fours
  const std::size_t at = blockIdx.x * static_cast<std::size_t>(kThreads) + threadIdx.x;
  if (at >= n * of_row) return;
  const std::size_t row = at / of_row, four = at % of_row;
  float* to = chunk + row * rows.ld + 4 * four;
  std::array<float, 4> normals{};
  if (four < draws)
    normals = random_normals(rows.seed, Stream::map_gauss, (first + row) * draws + four,
                             draw_block(rows.block, rows.round));
  for (std::size_t k = 0; k < 4 && 4 * four + k < rows.ld; ++k)
    to[k] = 4 * four + k < d ? normals[k] : 0.0f;
}

}  // namespace

void DrawnRows::draw(cudaStream_t stream, float* chunk, std::size_t first, std::size_t n) const {
  launch(stream, blocks_for(n * ((ld + 3) / 4), kThreads), kThreads, draw_kernel, chunk, first, n,
         *this);
}

DenseSourceBuffers::DenseSourceBuffers(Schedule& schedule, const MapDesc& desc,
                                       const MapState& state, std::size_t index,
                                       const std::string& step) {
  if (!is_stored(desc.kind)) return;
  const MapBlock& block = desc.blocks[index];
  DenseSource& s = source_;
  s.kind = desc.kind;
  s.storage = desc.storage;
  s.rows = s.chunk_rows = block.rows;
  s.drawn = {desc.seed, static_cast<std::uint32_t>(index), nullptr, block.latents,
             dense_row_length(block.latents)};
  round_ = state.round;
  bytes_ = static_cast<double>(dense_bytes(desc.kind, block));
  if (desc.storage == MapStorage::streamed)
    s.pinned = std::static_pointer_cast<PinnedRows>(state.streamed[index]);
  else
    stored_ = state.dense[index];
  if (!s.regenerated()) return;
  s.chunk_rows = rows_a_chunk(block);
  recordable_ = more_chunks_of(desc) <= kMoreChunksRecorded;
  s.blas = gpu_of(schedule).blas();
  chunk_ = schedule.buffer(step + ".rows", "workspace", s.chunk_rows * s.drawn.ld * sizeof(float));
  workspace_ = schedule.buffer(step + ".algebra", "workspace",
                               solve_workspace_bytes(*s.blas, static_cast<int>(block.latents)));
}

void DenseSourceBuffers::touch(Step& step) const {
  if (stored_ != kNoBuffer) step.reads.push_back(stored_);
  for (const BufferId written : {chunk_, workspace_})
    if (written != kNoBuffer) step.writes.push_back(written);
  if (source_.storage == MapStorage::streamed) step.streamed_bytes = bytes_;
  if (source_.regenerated()) step.normals = bytes_ / sizeof(float);
  if (!recordable_) step.recordable = false;
}

DenseSource DenseSourceBuffers::bind(const Memory& memory) const {
  DenseSource bound = source_;
  if (bound.pinned) bound.W = bound.pinned->allocated();
  if (stored_ != kNoBuffer) {
    if (bound.regenerated())
      bound.r = memory.at<const float>(stored_);
    else
      bound.W = memory.at<const std::byte>(stored_);
  }
  if (chunk_ != kNoBuffer) bound.chunk = memory.at<float>(chunk_);
  if (workspace_ != kNoBuffer) bound.workspace = memory.at<std::byte>(workspace_);
  if (round_ != kNoBuffer) bound.drawn.round = memory.at<const std::uint32_t>(round_);
  return bound;
}

}  // namespace mapnet::cuda
