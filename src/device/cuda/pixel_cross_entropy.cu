#include <algorithm>
#include <cstdint>

#include "device/cuda/block_sum.cuh"
#include "device/cuda/checks.hpp"
#include "device/cuda/gpu.hpp"
#include "device/cuda/launch.hpp"
#include "device/ops/pixel_cross_entropy.hpp"
#include "device/ops/step_control.hpp"

namespace mapnet::cuda {

namespace {

constexpr unsigned kThreads = 256;
/// Most blocks of a pass over the pixels: a few for each processor of a big GPU.
constexpr unsigned kMostBlocks = 1024;
/// Cells of a confusion matrix that a block counts for itself before it adds them to all.
constexpr unsigned kOwnCells = 2048;

using Count = unsigned long long;  // what atomicAdd takes; sums of integers know no order

struct Pixels {
  PixelCrossEntropyDesc desc;
  const float* logits;         // [n, classes, area]
  float* dlogits;              // of the same shape, or null
  const std::uint8_t* labels;  // [n, area]
  Count* confusion;            // [classes, classes] or null
  unsigned n, area;
  int classes;

  __device__ unsigned real(const StepControl* control) const {
    return static_cast<unsigned>(control->now.count) * area;
  }
};

/// What a block comes to.
struct Sums {
  double loss;
  unsigned correct, scored;
};

/// sums [gridDim.x].scored: pixels that count.
__global__ void __launch_bounds__(kThreads)
    count_kernel(Sums* sums, Pixels p, const StepControl* control) {
  __shared__ unsigned shared[kThreads];
  unsigned counted = 0;
  const unsigned real = p.real(control);
  for (unsigned i = blockIdx.x * kThreads + threadIdx.x; i < real; i += gridDim.x * kThreads)
    counted += pixel_counts(p.desc, p.labels[i], p.classes) ? 1 : 0;
  counted = block_sum<kThreads>(counted, shared);
  if (threadIdx.x == 0) sums[blockIdx.x].scored = counted;
}

/// control->scored and *weight from the counts. One block.
__global__ void __launch_bounds__(kThreads)
    weight_kernel(float* weight, StepControl* control, const Sums* sums, unsigned blocks) {
  __shared__ unsigned shared[kThreads];
  unsigned counted = 0;
  for (unsigned b = threadIdx.x; b < blocks; b += kThreads) counted += sums[b].scored;
  counted = block_sum<kThreads>(counted, shared);
  if (threadIdx.x > 0) return;
  control->scored += counted;
  control->seen += control->now.count;
  *weight = counted > 0 ? 1.0f / static_cast<float>(counted) : 0.0f;
}

/// sums [gridDim.x].loss and .correct, the gradient and the confusion matrix. A pixel a thread.
__global__ void __launch_bounds__(kThreads)
    score_kernel(Sums* sums, Pixels p, const float* weight, const StepControl* control) {
  __shared__ double losses[kThreads];
  __shared__ unsigned hits[kThreads];
  __shared__ unsigned cells[kOwnCells];
  const unsigned n_cells = static_cast<unsigned>(p.classes * p.classes);
  const bool own_cells = p.confusion && n_cells <= kOwnCells;
  if (own_cells) {
    for (unsigned k = threadIdx.x; k < n_cells; k += kThreads) cells[k] = 0;
    __syncthreads();
  }
  const unsigned real = p.real(control);
  const float w = *weight;
  double loss = 0;
  unsigned correct = 0;
  for (unsigned i = blockIdx.x * kThreads + threadIdx.x; i < p.n * p.area;
       i += gridDim.x * kThreads) {
    const unsigned image = i / p.area;
    const std::size_t at =
        static_cast<std::size_t>(image) * static_cast<unsigned>(p.classes) * p.area +
        (i - image * p.area);
    const int given = p.labels[i];
    const int label = i < real && pixel_counts(p.desc, given, p.classes) ? given : -1;
    if (label < 0) {
      if (p.dlogits)
        for (int k = 0; k < p.classes; ++k)
          p.dlogits[at + static_cast<std::size_t>(k) * p.area] = 0;
      continue;
    }
    PixelRow<1> row;
    if (p.dlogits)
      pixel_cross_entropy_row<1, true>(row, p.dlogits + at, p.logits + at, p.area, p.classes,
                                       &label, w);
    else
      pixel_cross_entropy_row<1, false>(row, nullptr, p.logits + at, p.area, p.classes, &label, w);
    loss += static_cast<double>(row.loss[0]);
    correct += row.best[0] == label ? 1 : 0;
    const unsigned cell = static_cast<unsigned>(label * p.classes + row.best[0]);
    if (own_cells)
      atomicAdd(&cells[cell], 1u);
    else if (p.confusion)
      atomicAdd(&p.confusion[cell], Count{1});
  }
  loss = block_sum<kThreads>(loss, losses);
  correct = block_sum<kThreads>(correct, hits);  // and every thread is done with its cells
  if (own_cells)
    for (unsigned k = threadIdx.x; k < n_cells; k += kThreads)
      if (cells[k] > 0) atomicAdd(&p.confusion[k], Count{cells[k]});
  if (threadIdx.x > 0) return;
  sums[blockIdx.x].loss = loss;
  sums[blockIdx.x].correct = correct;
}

/// Adds all blocks' sums to the control block's. One block.
__global__ void __launch_bounds__(kThreads)
    finish_kernel(StepControl* control, const Sums* sums, unsigned blocks) {
  __shared__ double losses[kThreads];
  __shared__ unsigned hits[kThreads];
  double loss = 0;
  unsigned correct = 0;
  for (unsigned b = threadIdx.x; b < blocks; b += kThreads) {
    loss += sums[b].loss;
    correct += sums[b].correct;
  }
  loss = block_sum<kThreads>(loss, losses);
  correct = block_sum<kThreads>(correct, hits);
  if (threadIdx.x > 0) return;
  control->loss_sum += loss;
  control->correct += correct;
}

}  // namespace

void pixel_cross_entropy(Schedule& schedule, const std::string& name,
                         const PixelCrossEntropyDesc& desc, const Tensor& logits, BufferId labels,
                         BufferId control, const Tensor& dlogits, BufferId confusion) {
  require_layout(name, logits, 1);
  require_pixel_logits(name, logits, dlogits);
  const auto n = static_cast<unsigned>(logits.n), area = static_cast<unsigned>(logits.h * logits.w);
  const unsigned blocks = std::min(blocks_for(std::size_t{n} * area, kThreads), kMostBlocks);
  const BufferId parts =
      schedule.buffer(name + ".parts", "workspace", std::size_t{blocks} * sizeof(Sums));
  const BufferId weight = schedule.buffer(name + ".weight", "workspace", sizeof(float));
  const bool gradient = dlogits.buffer != kNoBuffer, confused = confusion != kNoBuffer;
  Step step;
  step.name = name;
  step.reads = {logits.buffer, labels, control};
  step.writes = {control, parts, weight};
  if (gradient) step.writes.push_back(dlogits.buffer);
  if (confused) {
    step.reads.push_back(confusion);
    step.writes.push_back(confusion);
  }
  step.bytes = (gradient ? 2.0 : 1.0) * static_cast<double>(logits.bytes());
  const cudaStream_t stream = gpu_of(schedule).stream();
  step.bind = [=](const Memory& memory) -> Run {
    const Pixels p = {desc,
                      memory.at<const float>(logits.buffer) + logits.offset,
                      gradient ? memory.at<float>(dlogits.buffer) + dlogits.offset : nullptr,
                      memory.at<const std::uint8_t>(labels),
                      confused ? memory.at<Count>(confusion) : nullptr,
                      n,
                      area,
                      logits.c};
    auto* c = memory.at<StepControl>(control);
    auto* sums = memory.at<Sums>(parts);
    auto* w = memory.at<float>(weight);
    return [=] {
      launch(stream, blocks, kThreads, count_kernel, sums, p, c);
      launch(stream, 1, kThreads, weight_kernel, w, c, sums, blocks);
      launch(stream, blocks, kThreads, score_kernel, sums, p, w, c);
      launch(stream, 1, kThreads, finish_kernel, c, sums, blocks);
    };
  };
  schedule.add(std::move(step));
}

}  // namespace mapnet::cuda
