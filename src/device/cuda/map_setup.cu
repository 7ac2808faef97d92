#include <memory>

#include "device/cuda/dense_source.cuh"
#include "device/cuda/gpu.hpp"
#include "device/cuda/launch.hpp"
#include "device/map_tiles.hpp"
#include "device/math.hpp"
#include "device/ops.hpp"
#include "device/ops/kronecker.hpp"

namespace mapnet::cuda {

decltype(mapnet::map_redraw) map_redraw;

namespace {

// Rows of a product, as on the CPU: of more at a time float32 sums would lose what the second pass
// is there for.
constexpr std::size_t kChunkRows = 1024;
constexpr unsigned kThreads = 256;

/// Rows of the finished map into W [rows, ld], zeros beyond d.
template <class Element>
__global__ void keep_kernel(Element* W, const float* chunk, std::size_t n, std::size_t d,
                            std::size_t ld) {
  const std::size_t at = blockIdx.x * static_cast<std::size_t>(kThreads) + threadIdx.x;
  if (at >= n * ld) return;
  const std::size_t row = at / ld, k = at % ld;
  const float w = k < d ? chunk[row * d + k] : 0.0f;
  if constexpr (sizeof(Element) == sizeof(float))
    W[at] = w;
  else
    W[at] = math::to_bf16(w);
}

/// CholeskyQR2 as the CPU twin does it, the products by cuBLAS.
struct OrthonormalMap {
  std::shared_ptr<Blas> blas;
  cudaStream_t stream = nullptr;
  MapBlock block;
  DrawnRows drawn;
  MapKind kind = MapKind::dense;
  void* W = nullptr;                   // [rows, ld]; null where R is what is kept
  float* chunk = nullptr;              // [kChunkRows, d]
  float *r1 = nullptr, *r2 = nullptr;  // [d, d]
  int* status = nullptr;
  void* workspace = nullptr;

  void factor(float* r, const float* after) const {
    const std::size_t d = block.latents;
    MAPNET_CUDA(cudaMemsetAsync(r, 0, d * d * sizeof(float), stream));
    for (std::size_t row = 0; row < block.rows; row += kChunkRows) {
      const std::size_t n = std::min(kChunkRows, block.rows - row);
      drawn.draw(stream, chunk, row, n);
      if (after) divide_by_upper(*blas, chunk, after, int(n), int(d), workspace);
      add_gram(*blas, r, chunk, int(n), int(d), workspace);
    }
    cholesky(*blas, r, int(d), status, workspace);
    int stopped = 0;
    MAPNET_CUDA(cudaMemcpyAsync(&stopped, status, sizeof stopped, cudaMemcpyDeviceToHost, stream));
    MAPNET_CUDA(
        cudaStreamSynchronize(stream));  // rarely, and without it there is nothing to go on with
    if (stopped != 0) fail_dependent(block, stopped);
  }

  void run() const {
    const std::size_t d = block.latents, ld = dense_row_length(d);
    factor(r1, nullptr);
    factor(r2, r1);
    multiply_upper(*blas, r2, r1, int(d), workspace);
    if (!W) return;
    for (std::size_t row = 0; row < block.rows; row += kChunkRows) {
      const std::size_t n = std::min(kChunkRows, block.rows - row);
      drawn.draw(stream, chunk, row, n);
      divide_by_upper(*blas, chunk, r2, int(n), int(d), workspace);
      const unsigned blocks = blocks_for(n * ld, kThreads);
      if (kind == MapKind::dense)
        launch(stream, blocks, kThreads, keep_kernel<float>, static_cast<float*>(W) + row * ld,
               chunk, n, d, ld);
      else
        launch(stream, blocks, kThreads, keep_kernel<std::uint16_t>,
               static_cast<std::uint16_t*>(W) + row * ld, chunk, n, d, ld);
    }
  }
};

void add_orthonormalise(Schedule& schedule, const MapDesc& desc, const MapState& state,
                        std::size_t index) {
  OrthonormalMap map;
  map.blas = gpu_of(schedule).blas();
  map.stream = gpu_of(schedule).stream();
  map.block = desc.blocks[index];
  map.kind = desc.kind;
  const std::size_t d = map.block.latents;
  map.drawn = {desc.seed, static_cast<std::uint32_t>(index), nullptr, d, d};
  const std::string name = "map." + map.block.name;
  const auto scratch = [&](const char* what, std::size_t bytes) {
    return schedule.buffer(name + what, "workspace", bytes);
  };
  const bool streamed = desc.storage == MapStorage::streamed,
             regenerated = desc.storage == MapStorage::regenerated;
  const BufferId W = streamed || regenerated ? kNoBuffer : state.dense[index];
  const BufferId chunk =
      scratch(".chunk", std::min(kChunkRows, map.block.rows) * d * sizeof(float));
  const BufferId r1 = scratch(".R1", d * d * sizeof(float));
  const BufferId r2 = regenerated ? state.dense[index] : scratch(".R2", d * d * sizeof(float));
  const BufferId status = scratch(".status", sizeof(int));
  const BufferId workspace = scratch(".algebra", algebra_workspace_bytes(*map.blas, int(d)));
  Step step;
  step.name = name + ".orthonormalise";
  if (state.round != kNoBuffer) step.reads = {state.round};
  step.writes = {chunk, r1, r2, status, workspace};
  if (W != kNoBuffer) step.writes.push_back(W);
  step.recordable = false;  // it waits for the factorisation, which cuSOLVER cannot record either
  step.flops = 4.0 * static_cast<double>(map.block.rows) * static_cast<double>(d * d);
  step.bind = [=, rows = streamed ? state.streamed[index] : nullptr,
               round = state.round](const Memory& memory) -> Run {
    OrthonormalMap bound = map;
    if (W != kNoBuffer) bound.W = memory.at<std::byte>(W);
    if (rows) bound.W = static_cast<PinnedRows&>(*rows).allocated();
    bound.chunk = memory.at<float>(chunk);
    bound.r1 = memory.at<float>(r1);
    bound.r2 = memory.at<float>(r2);
    bound.status = memory.at<int>(status);
    if (round != kNoBuffer) bound.drawn.round = memory.at<const std::uint32_t>(round);
    bound.workspace = memory.at<std::byte>(workspace);
    return [bound, rows] { bound.run(); };
  };
  schedule.add(std::move(step));
}

BufferId add_scales(Schedule& schedule, const std::vector<RowScale>& scales) {
  const std::size_t bytes = scales.size() * sizeof(RowScale);
  const BufferId table = schedule.buffer("map.scales", "map", bytes);
  Step step;
  step.name = "map.scales";
  step.writes = {table};
  const cudaStream_t stream = gpu_of(schedule).stream();
  step.bind = [=](const Memory& memory) -> Run {
    auto* to = memory.at<RowScale>(table);
    return [=] {
      MAPNET_CUDA(cudaMemcpyAsync(to, scales.data(), bytes, cudaMemcpyHostToDevice, stream));
    };
  };
  schedule.add(std::move(step));
  return table;
}

}  // namespace

MapState map_setup(Schedule& schedule, const MapDesc& desc) {
  MapState state;
  state.scales = add_scales(schedule, desc.scales);
  add_base(schedule, desc, state);
  if (desc.kind == MapKind::kronecker) add_kronecker_factors(schedule, desc, state);
  if (!is_stored(desc.kind)) return state;
  for (const MapBlock& block : desc.blocks) {
    const std::string name = "map." + block.name;
    if (desc.storage == MapStorage::streamed)
      state.streamed.push_back(
          std::make_shared<PinnedRows>(dense_bytes(desc.kind, block), gpu_of(schedule).stream()));
    else if (desc.storage == MapStorage::regenerated)
      state.dense.push_back(
          schedule.buffer(name + ".R", "map", block.latents * block.latents * sizeof(float)));
    else if (desc.given)
      state.dense.push_back(
          schedule.persistent_buffer(name + ".W", "map", dense_bytes(desc.kind, block)));
    else
      state.dense.push_back(schedule.buffer(name + ".W", "map", dense_bytes(desc.kind, block)));
  }
  cuda::map_redraw(schedule, desc, state);
  return state;
}

void map_redraw(Schedule& schedule, const MapDesc& desc, const MapState& state) {
  if (!is_stored(desc.kind) || desc.given) return;
  for (std::size_t i = 0; i < desc.blocks.size(); ++i) add_orthonormalise(schedule, desc, state, i);
}

}  // namespace mapnet::cuda
